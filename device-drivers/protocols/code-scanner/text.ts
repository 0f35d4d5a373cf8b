import { type Result, failure, ok } from '@hallhub/sync/base';

export type CodeEncoding = 'utf-8' | 'gb18030' | 'auto';

/** The text in a code. `auto`: UTF-8 where the bytes are that, else GB18030. Error: `E-SCAN-0102`. */
export function decodeText(bytes: Uint8Array, encoding: CodeEncoding): Result<string> {
  for (const each of encoding === 'auto' ? (['utf-8', 'gb18030'] as const) : [encoding]) {
    try {
      const text = new TextDecoder(each, { fatal: true, ignoreBOM: true }).decode(bytes);
      // A code that a person scans holds no control characters but tabs and line breaks and the separators of AIs.
      if (!FORBIDDEN.test(text)) return ok(text);
    } catch {
      // Not in this encoding.
    }
  }
  return failure('E-SCAN-0102', `${bytes.length} bytes`);
}

const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001c\u007f\ufffd]/;
