/** The section `session` of a snapshot file: what the driver of a machine knows and the machine does not. */

export interface SessionState {
  /** Everything the guest has printed. */
  readonly console: string;
  readonly isAgentReady: boolean;
}

export function sessionText(state: SessionState): string {
  return JSON.stringify(state);
}

/** The section is optional: what is not there, or not understood, is a session that has seen nothing yet. */
export function parseSession(text: string | undefined): SessionState {
  let found: Partial<Record<keyof SessionState, unknown>> = {};
  try {
    found = (JSON.parse(text ?? '{}') as typeof found | null) ?? {};
  } catch {
    // not ours
  }
  const { console, isAgentReady } = found;
  return { console: typeof console === 'string' ? console : '', isAgentReady: isAgentReady === true };
}
