package com.starrocks.connector.flink.connector;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Syntax of the options that name servers. Every method gives what is wrong with a value, or null;
 * no message repeats user names or passwords that may stand in a URL.
 */
final class Addresses {

    static final String JDBC_PREFIX = "jdbc:mysql://";

    /** Nothing of the value is repeated with it: a password may hold any character. */
    private static final String USER_IN_ADDRESS =
            "an address holds '@': user and password belong into their own options";

    private static final Pattern SCHEME =
            Pattern.compile("^(jdbc:mysql:|https?:)?//", Pattern.CASE_INSENSITIVE);

    private Addresses() {}

    /** {@code jdbc:mysql://host:port[,host:port...][/...][?...]}. */
    static String jdbcUrl(String url) {
        if (!url.regionMatches(true, 0, JDBC_PREFIX, 0, JDBC_PREFIX.length())) {
            return "doesn't begin with " + JDBC_PREFIX;
        }
        String trouble = eachHost(jdbcHosts(url), ",");
        return trouble != null && url.indexOf('@') >= 0 ? USER_IN_ADDRESS : trouble;
    }

    private static String jdbcHosts(String url) {
        String rest = url.substring(JDBC_PREFIX.length());
        int end = rest.length();
        for (char stop : new char[] {'/', '?', '#'}) {
            int at = rest.indexOf(stop);
            if (at >= 0) {
                end = Math.min(end, at);
            }
        }
        return rest.substring(0, end);
    }

    /** {@code [http[s]://]host:port[;...]}. */
    static String loadUrl(String urls) {
        if (urls.indexOf('@') >= 0) {
            return USER_IN_ADDRESS;
        }
        for (String entry : split(urls, ";")) {
            String trouble = hostAndPort(withoutScheme(entry));
            if (trouble != null) {
                return trouble;
            }
        }
        return split(urls, ";").isEmpty() ? "no address is given" : null;
    }

    /** {@code host[:port]=[http[s]://]host[:port][;...]}. */
    static String hostMapping(String mapping) {
        for (String entry : split(mapping, ";")) {
            int at = entry.indexOf('=');
            if (at < 0) {
                return "the entry '" + entry + "' has no '='";
            }
            String trouble = host(entry.substring(0, at).trim(), false);
            if (trouble == null) {
                trouble = host(withoutScheme(entry.substring(at + 1).trim()), false);
            }
            if (trouble != null) {
                return trouble;
            }
        }
        return null;
    }

    /** The entries of a list, without empty ones and the spaces around them. */
    static List<String> split(String text, String separator) {
        List<String> entries = new ArrayList<>();
        for (String entry : text.split(separator)) {
            if (!entry.trim().isEmpty()) {
                entries.add(entry.trim());
            }
        }
        return entries;
    }

    /**
     * The URL without its parameters, which may hold credentials, and without user information,
     * wherever in it a password's own '@' and '?' may stand.
     */
    static String masked(String url) {
        int at = url.lastIndexOf('@');
        int parameters = url.indexOf('?');
        String shown = url;
        if (at >= 0) {
            Matcher scheme = SCHEME.matcher(url);
            shown = (scheme.find() ? scheme.group() : "") + "******";
            if (parameters > at || parameters < 0) {
                shown += url.substring(at, parameters < 0 ? url.length() : parameters);
            }
        } else if (parameters >= 0) {
            shown = url.substring(0, parameters);
        }
        return parameters < 0 ? shown : shown + "?...";
    }

    private static String withoutScheme(String entry) {
        String lower = entry.toLowerCase(Locale.ROOT);
        String rest = entry;
        for (String scheme : new String[] {"http://", "https://"}) {
            if (lower.startsWith(scheme)) {
                rest = entry.substring(scheme.length());
            }
        }
        return rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
    }

    private static String eachHost(String hosts, String separator) {
        List<String> entries = split(hosts, separator);
        for (String entry : entries) {
            String trouble = hostAndPort(entry);
            if (trouble != null) {
                return trouble;
            }
        }
        return entries.isEmpty() ? "no host is given" : null;
    }

    private static String hostAndPort(String entry) {
        return host(entry, true);
    }

    private static String host(String entry, boolean portNeeded) {
        if (entry.indexOf('@') >= 0) {
            return USER_IN_ADDRESS;
        }
        int colon;
        if (entry.startsWith("[")) {
            int close = entry.indexOf(']');
            if (close < 0) {
                return "'" + entry + "' has no ']'";
            }
            if (close + 1 < entry.length() && entry.charAt(close + 1) != ':') {
                return "'" + entry + "': after ']' comes ':' and the port";
            }
            colon = close + 1 < entry.length() ? close + 1 : -1;
        } else {
            colon = entry.indexOf(':');
            if (colon >= 0 && entry.indexOf(':', colon + 1) >= 0) {
                return "'" + entry + "' has several ':' (an IPv6 address stands in brackets)";
            }
        }
        String host = colon < 0 ? entry : entry.substring(0, colon);
        if (host.isEmpty() || !host.matches("[^\\s/?#\\\\]+")) {
            return "'" + entry + "' has no valid host";
        }
        if (colon < 0) {
            return portNeeded ? "'" + entry + "' has no port" : null;
        }
        return port(entry, entry.substring(colon + 1));
    }

    private static String port(String entry, String text) {
        if (text.matches("[0-9]{1,5}")) {
            int port = Integer.parseInt(text);
            if (port >= 1 && port <= 65535) {
                return null;
            }
        }
        return "'" + entry + "': '" + text + "' is no port";
    }
}
