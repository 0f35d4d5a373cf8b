import { type Result, failure, ok } from '@hallhub/sync/base';

/** An element without its namespace's prefix and attributes: what cameras say stands in text. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface Growing {
  readonly name: string;
  readonly children: Growing[];
  text: string;
}

const LONGEST = 262_144;
const DEEPEST = 16;
const MOST_ELEMENTS = 4_096;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads a document of a device. There is no DTD here: no entities of the sender's own, nothing external, nothing that grows.
 * Errors: `E-DEV-0204` for what is not well-formed, declares anything, is longer than 256 kB, deeper than 16 or has more than
 * 4,096 elements.
 */
export function parseXml(text: string): Result<XmlElement> {
  const bad = (why: string) => failure('E-DEV-0204', `XML: ${why}`);
  if (text.length > LONGEST) return bad('too long');
  const root: Growing = { name: '', children: [], text: '' };
  const open: Growing[] = [root];
  let count = 0;
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  while (at < text.length) {
    const top = open.at(-1) ?? root;
    const next = text.indexOf('<', at);
    const end = next < 0 ? text.length : next;
    const words = unescape(text.slice(at, end));
    if (words === undefined) return bad('an entity');
    if (top === root && words.trim() !== '') return bad('text outside');
    top.text += words;
    if (next < 0) break;
    if (text.startsWith('<!--', next)) {
      const close = text.indexOf('-->', next + 4);
      if (close < 0) return bad('a comment without end');
      at = close + 3;
    } else if (text.startsWith('<![CDATA[', next)) {
      const close = text.indexOf(']]>', next);
      if (close < 0 || top === root) return bad('character data');
      top.text += text.slice(next + 9, close);
      at = close + 3;
    } else if (text.startsWith('<?', next)) {
      const close = text.indexOf('?>', next);
      if (close < 0) return bad('an instruction without end');
      at = close + 2;
    } else if (text.startsWith('<!', next)) {
      return bad('a declaration');
    } else {
      const close = text.indexOf('>', next);
      if (close < 0) return bad('a tag without end');
      const tag = text.slice(next + 1, close);
      at = close + 1;
      if (tag.startsWith('/')) {
        if (open.length < 2 || nameOf(tag.slice(1)) !== top.name) return bad('an end without beginning');
        open.pop();
        continue;
      }
      const name = nameOf(tag.replace(/\/$/, ''));
      if (name === undefined) return bad('a tag that is none');
      if ((count += 1) > MOST_ELEMENTS) return bad('too many elements');
      if (top === root && root.children.length > 0) return bad('two documents');
      const element: Growing = { name, children: [], text: '' };
      top.children.push(element);
      if (tag.endsWith('/')) continue;
      if (open.length > DEEPEST) return bad('too deep');
      open.push(element);
    }
  }
  const [document] = root.children;
  return open.length === 1 && document ? ok(document) : bad('it ends early');
}

/** The text of an element below, by names; undefined where it is not there. */
export function xmlText(element: XmlElement, ...path: readonly string[]): string | undefined {
  let found: XmlElement | undefined = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found?.text.trim();
}

const nameOf = (tag: string): string | undefined => /^(?:[\w.-]+:)?([A-Za-z_][\w.-]*)(?=\s|$)/.exec(tag)?.[1];

function unescape(text: string): string | undefined {
  const unknown: string[] = [];
  const plain = text.replaceAll(/&([^;&]{0,16});?/g, (whole, name: string) => {
    const number = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name);
    const code = number ? Number.parseInt(number[1] ?? number[2] ?? '', number[1] === undefined ? 10 : 16) : undefined;
    const character =
      code !== undefined && code <= 0x10_ff_ff
        ? String.fromCodePoint(code)
        : Object.hasOwn(NAMED, name)
          ? NAMED[name]
          : undefined;
    if (character === undefined || !whole.endsWith(';')) unknown.push(whole);
    return character ?? '';
  });
  return unknown.length === 0 ? plain : undefined;
}
