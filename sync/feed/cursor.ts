import { z } from 'zod';

const cursorSchema = z.tuple([z.string(), z.int().min(0)]);
const tokenSchema = z.object({
  i: z.string(),
  after: z.string(),
  asOf: z.int(),
  at: z.int().min(0),
});

/** A place in a log, as text that readers keep and never look into. */
export function encodeCursor(incarnation: string, position: number): string {
  return encode([incarnation, position]);
}

/** The position, or undefined when the text is no cursor of this incarnation. */
export function decodeCursor(incarnation: string, text: string): number | undefined {
  const decoded = cursorSchema.safeParse(decode(text));
  return decoded.success && decoded.data[0] === incarnation ? decoded.data[1] : undefined;
}

export interface ImageToken {
  /** Last id of the page before. */
  readonly after: string;
  readonly asOf: number;
  /** Head of the log before the first page. */
  readonly at: number;
}

export function encodeToken(incarnation: string, token: ImageToken): string {
  return encode({ i: incarnation, ...token });
}

export function decodeToken(incarnation: string, text: string): ImageToken | undefined {
  const decoded = tokenSchema.safeParse(decode(text));
  return decoded.success && decoded.data.i === incarnation ? decoded.data : undefined;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
