package com.starrocks.bench;

import java.math.BigDecimal;
import java.time.LocalDate;

/** A row of lineitem as a program would hold it. */
public final class LineItem {
    private final long orderKey;
    private final int partKey;
    private final int suppKey;
    private final int lineNumber;
    private final BigDecimal quantity;
    private final BigDecimal extendedPrice;
    private final BigDecimal discount;
    private final BigDecimal tax;
    private final String returnFlag;
    private final String lineStatus;
    private final LocalDate shipDate;
    private final LocalDate commitDate;
    private final LocalDate receiptDate;
    private final String shipInstruct;
    private final String shipMode;
    private final String comment;

    LineItem(Object[] values) {
        orderKey = (Long) values[0];
        partKey = (Integer) values[1];
        suppKey = (Integer) values[2];
        lineNumber = (Integer) values[3];
        quantity = decimal(values[4]);
        extendedPrice = decimal(values[5]);
        discount = decimal(values[6]);
        tax = decimal(values[7]);
        returnFlag = (String) values[8];
        lineStatus = (String) values[9];
        shipDate = LocalDate.ofEpochDay((Integer) values[10]);
        commitDate = LocalDate.ofEpochDay((Integer) values[11]);
        receiptDate = LocalDate.ofEpochDay((Integer) values[12]);
        shipInstruct = (String) values[13];
        shipMode = (String) values[14];
        comment = (String) values[15];
    }

    private static BigDecimal decimal(Object unscaled) {
        return BigDecimal.valueOf((Long) unscaled, 2);
    }

    /** Puts the columns into slots. */
    void fill(Object[] slots) {
        slots[0] = orderKey;
        slots[1] = partKey;
        slots[2] = suppKey;
        slots[3] = lineNumber;
        slots[4] = quantity;
        slots[5] = extendedPrice;
        slots[6] = discount;
        slots[7] = tax;
        slots[8] = returnFlag;
        slots[9] = lineStatus;
        slots[10] = shipDate;
        slots[11] = commitDate;
        slots[12] = receiptDate;
        slots[13] = shipInstruct;
        slots[14] = shipMode;
        slots[15] = comment;
    }
}
