import { type Result, failure, ok } from '@hallhub/sync/base';
import { type Json, objectAt, parseObject } from '../mqtt-values.ts';
import { type XmlElement, parseXml, xmlText } from '../http-device/xml.ts';

export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>';

/** What a device said, in whichever of the two notations: it chooses for itself. */
export interface IsapiDocument {
  /** The text below, by names; numbers and yes or no are texts as well. */
  readonly text: (...path: readonly string[]) => string | undefined;
  /** All elements of a name; none where there are none. */
  readonly list: (name: string) => readonly IsapiDocument[];
}

/** @param root the document's outermost name, which JSON leaves out at times. Errors: `E-DEV-0204`. */
export function readDocument(body: Uint8Array, root: string): Result<IsapiDocument> {
  const json = parseObject(body);
  if (json) return ok(ofJson(Object.hasOwn(json, root) ? objectAt(json, root) : json));
  const xml = parseXml(Buffer.from(body).toString('utf8'));
  return xml.ok ? ok(ofXml(xml.value)) : xml;
}

const ofXml = (element: XmlElement): IsapiDocument => ({
  text: (...path) => xmlText(element, ...path),
  list: (name) => element.children.filter((child) => child.name === name).map(ofXml),
});

function ofJson(json: Json): IsapiDocument {
  return {
    text: (...path) => {
      const within = path.slice(0, -1).reduce((inner: Json, key) => objectAt(inner, key), json);
      const key = path.at(-1) ?? '';
      const value = Object.hasOwn(within, key) ? within[key] : undefined;
      return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : undefined;
    },
    list: (name) => {
      const value = Object.hasOwn(json, name) ? json[name] : undefined;
      const items: readonly unknown[] = Array.isArray(value) ? value : [value];
      return items.flatMap((item) =>
        typeof item === 'object' && item !== null && !Array.isArray(item) ? [ofJson(item as Json)] : [],
      );
    },
  };
}

/** `ResponseStatus`; nothing but status code 1 is a yes. Errors: `E-DEV-0203` with its words, `E-DEV-0204`. */
export function readStatus({ body }: { readonly body: Uint8Array }): Result<void> {
  const read = readDocument(body, 'ResponseStatus');
  if (!read.ok) return read;
  const code = read.value.text('statusCode');
  if (code === '1') return ok();
  const words = read.value.text('subStatusCode') ?? read.value.text('statusString') ?? '';
  return failure('E-DEV-0203', `${code ?? 'no status'} ${words.slice(0, 80)}`.trim());
}
