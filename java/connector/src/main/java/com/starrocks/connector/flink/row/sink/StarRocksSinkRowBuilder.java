package com.starrocks.connector.flink.row.sink;

import java.io.Serializable;
import java.util.function.BiConsumer;

/**
 * Puts the columns of a user's row into slots, in the order of the table's schema.
 *
 * <p>When the schema has a PRIMARY KEY there is one slot more, the last, for {@code
 * StarRocksSinkOP.UPSERT.ordinal()} or {@code StarRocksSinkOP.DELETE.ordinal()}. All slots are null
 * at each call; a slot left so is loaded as NULL. The array is used again for the next row and must
 * not be kept.
 *
 * @param <T> class of the rows
 */
public interface StarRocksSinkRowBuilder<T> extends BiConsumer<Object[], T>, Serializable {}
