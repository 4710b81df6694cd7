/** The last moment of the year 9999: what is later was meant in another unit. */
export const latestTime = 253402300799999
