package com.starrocks.connector.flink.connector;

import com.starrocks.connector.flink.connector.SinkOption.Group;
import com.starrocks.connector.flink.connector.SinkOption.Status;

/** Writes the README's table of options from {@link SinkOptions}. */
public final class OptionTable {

    /** Line of the README after which the table begins. */
    public static final String BEGIN = "<!-- options:begin -->";

    /** Line of the README before which the table ends. */
    public static final String END = "<!-- options:end -->";

    /** These keys are many and all refused; the table has one row for them. */
    private static final String MERGE_COMMIT = "sink.merge-commit.";

    private OptionTable() {}

    /** Prints the table. */
    public static void main(String[] args) {
        System.out.print(markdown());
    }

    /** The table in Markdown, ending with a line feed. */
    public static String markdown() {
        StringBuilder out = new StringBuilder();
        out.append("| Option | Type | Default | Allowed | Meaning |\n");
        out.append("| --- | --- | --- | --- | --- |\n");
        for (Group group : Group.values()) {
            out.append("| **").append(group.title()).append("** | | | | |\n");
            for (SinkOption<?> option : SinkOptions.all()) {
                if (option.group() == group && !option.key().startsWith(MERGE_COMMIT)) {
                    row(out, option);
                }
            }
        }
        out.append("| `")
                .append(MERGE_COMMIT)
                .append("*` | | | | Merge commit. *Refused: it comes")
                .append(" with a later version.* |\n");
        out.append("| **Headers** | | | | |\n");
        out.append("| `sink.properties.*` | String | | | Headers of the stream load, passed on:")
                .append(" `format` (`csv` or `json`), `column_separator`, `row_delimiter`,")
                .append(" `timeout`, `max_filter_ratio`, `partial_update`, `compression`, ... |\n");
        out.append("\n† not an option of the published Java connector\n");
        return out.toString();
    }

    private static void row(StringBuilder out, SinkOption<?> option) {
        out.append("| `").append(option.key()).append('`').append(option.isOurs() ? " †" : "");
        out.append(" | ").append(option.typeText());
        out.append(" | ").append(defaultCell(option));
        out.append(" | ").append(allowedCell(option));
        out.append(" | ").append(cell(meaning(option))).append(" |\n");
    }

    private static String defaultCell(SinkOption<?> option) {
        if (option.isRequired()) {
            return "*required*";
        }
        return cell(option.defaultText());
    }

    private static String allowedCell(SinkOption<?> option) {
        if (option.status() == Status.LATER) {
            return "";
        }
        String text = option.allowedText().replace("a whole number ", "");
        if (text.indexOf('[') >= 0) {
            return "`" + cell(text) + "`";
        }
        return cell(option.unit().isEmpty() ? text : text + " (" + option.unit() + ")");
    }

    private static String meaning(SinkOption<?> option) {
        switch (option.status()) {
            case NO_EFFECT:
                return option.help() + " *Accepted, without effect: " + option.note() + ".*";
            case LATER:
                return option.help() + " *Refused: " + option.note() + ".*";
            default:
                return option.help();
        }
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }
}
