import type { Cancel, DurationMs, Result } from '@hallhub/sync/base';

export interface HttpCall {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The whole answer is here within that time; a stream is never silent for longer. */
  readonly within: DurationMs;
  /** For an answer without end: a success is told when its head is here, and its body is handed on as it comes. */
  readonly stream?: {
    readonly onHead: (reply: Omit<HttpReply, 'body'>) => void;
    readonly onPiece: (bytes: Uint8Array) => void;
  };
}

export interface HttpReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most 1 MB; empty where it was streamed. */
  readonly body: Uint8Array;
}

/**
 * Asks a device that is an HTTP server; whatever it answers is a success here.
 * Errors: `E-DEV-0102` nobody is there or it was cancelled before it left, `E-DEV-0202` no answer in time, `E-DEV-0103` the
 * connection broke or was cancelled, `E-DEV-0204` what came is no HTTP or too long.
 */
export type HttpClient = (call: HttpCall) => { readonly reply: Promise<Result<HttpReply>>; readonly cancel: Cancel };
