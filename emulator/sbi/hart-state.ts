/** Power states of a hart, as the SBI's HSM extension numbers them; the pending ones never last here. */
export const HartState = { Started: 0, Stopped: 1, Suspended: 4 } as const;
export type HartState = (typeof HartState)[keyof typeof HartState];
