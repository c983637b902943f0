/** What page and worker say to each other. */

export interface StartMessage {
  readonly type: 'start';
  readonly kernelUrl: string;
  /** A raw image for the first drive; the guest's writes stay in memory. */
  readonly rootUrl: string | undefined;
  readonly memoryMiB: number;
  readonly append: string;
}

export type ToWorker =
  | StartMessage
  | { readonly type: 'input'; readonly bytes: Uint8Array }
  | { readonly type: 'resize'; readonly rows: number; readonly columns: number };

export type ToPage =
  | { readonly type: 'output'; readonly bytes: Uint8Array }
  /** The guest ended the machine. */
  | { readonly type: 'ended'; readonly status: number }
  /** It could not start: what, and what to do. */
  | { readonly type: 'failed'; readonly what: string; readonly hint: string };
