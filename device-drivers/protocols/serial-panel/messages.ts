import iconv from 'iconv-lite';
import { type Result, failure, ok } from '@hallhub/sync/base';
import { type DeclaredMessage, declaredCodec } from '../../kit/index.ts';
import type { Meaning, PanelMessage, PanelParams, When } from './params.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Whether a frame comes from the panel with this address; frames without an address come from the only one there is. */
export const isFrom = ({ address }: Pick<PanelParams, 'address'>, { fields }: DeclaredMessage): boolean =>
  fields['address'] === undefined || fields['address'] === address;

export const fits = (when: When, { fields, data }: DeclaredMessage): boolean =>
  Object.entries(when.fields).every(([name, value]) => fields[name] === value) &&
  (when.data === undefined || when.data === hex(data));

/** What a frame of this panel means; undefined for one that means nothing. */
export const meaningOf = ({ events }: Pick<PanelParams, 'events'>, frame: DeclaredMessage): Meaning | undefined =>
  events.find(({ when }) => fits(when, frame))?.means;

export function encodeMessage({ frame, address }: PanelParams, { fields, data }: PanelMessage): Uint8Array {
  return declaredCodec(frame).encode({
    fields: { ...fields, address },
    data: Uint8Array.from(Buffer.from(data, 'hex')),
  });
}

/** The message that puts a text on the panel's display. Errors: `E-DEV-0203` for what it has no letters or no room for. */
export function displayMessage(
  { fields, encoding, bytes }: NonNullable<PanelParams['display']>,
  text: string,
): Result<PanelMessage> {
  if (encoding === 'ascii' && !/^[\x20-\x7e]*$/.test(text))
    return failure('E-DEV-0203', 'this display has digits and Latin letters');
  const encoded = iconv.encode(text, encoding);
  if (encoded.length > bytes)
    return failure('E-DEV-0203', `${encoded.length} bytes of text for ${bytes} on the display`);
  const filled = Buffer.alloc(bytes, ' ');
  filled.set(encoded);
  return ok({ fields, data: hex(filled) });
}
