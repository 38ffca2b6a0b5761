/** From this share of the median time measured on, a stall of the client shows in the numbers: for the verdict, and for what charts mark. */
export const STALL_SHARE_OF_MEDIAN = 0.5;
