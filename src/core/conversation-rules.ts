/** After a turn that failed: its conversation ends, or goes on with the next, or all of its other turns fail, too, without being sent. */
export const TURN_FAILURE_RULES = ['end', 'continue', 'fail'] as const;
export type TurnFailureRule = (typeof TURN_FAILURE_RULES)[number];

/**
 * Once a conversation has ended and there is no other to begin, so that fewer are under way than the concurrency: all goes on, or what is issued from
 * then on isn't measured, or no further turn is issued either.
 */
export const FIRST_IDLE_RULES = ['continue', 'stop_measuring', 'stop_issuing'] as const;
export type FirstIdleRule = (typeof FIRST_IDLE_RULES)[number];
