import { type Result, failure, ok } from '@hallhub/sync/base';
import type { ResidentCard, ResidentCardLayout } from '../../capabilities/index.ts';
import { isCitizenNumber } from './number.ts';

/** GA/T 490 and the residence permits' forms: 256 bytes, UTF-16LE, padded with spaces. */
export const TEXT_BYTES = 256;
/** In every layout the character here says which one it is. */
const TYPE_OFFSET = 248;
const NO_EXPIRY = '长期';

type FieldMap = Readonly<Record<string, readonly [offset: number, bytes: number]>>;

const RESIDENT = {
  name: [0, 30],
  sex: [30, 2],
  nation: [32, 4],
  birth: [36, 16],
  address: [52, 70],
  number: [122, 36],
  authority: [158, 30],
  validFrom: [188, 16],
  validTo: [204, 16],
} as const satisfies FieldMap;

const LAYOUTS = {
  resident: RESIDENT,
  'hk-mo-tw': {
    name: RESIDENT.name,
    sex: RESIDENT.sex,
    birth: RESIDENT.birth,
    address: RESIDENT.address,
    number: RESIDENT.number,
    authority: RESIDENT.authority,
    validFrom: RESIDENT.validFrom,
    validTo: RESIDENT.validTo,
    passNumber: [220, 18],
    issueCount: [238, 4],
  },
  'foreign-2017': {
    englishName: [0, 120],
    sex: [120, 2],
    number: [122, 30],
    country: [152, 6],
    name: [158, 30],
    validFrom: [188, 16],
    validTo: [204, 16],
    birth: [220, 16],
    version: [236, 4],
    authority: [240, 8],
  },
  'foreign-2023': {
    name: [0, 30],
    sex: [30, 2],
    reissueCount: [32, 4],
    birth: [36, 16],
    englishName: [52, 70],
    number: [122, 36],
    validFrom: [188, 16],
    validTo: [204, 16],
    englishNameTail: [220, 22],
    country: [242, 6],
    oldNumberLink: [250, 6],
  },
} as const satisfies Readonly<Record<ResidentCardLayout, FieldMap>>;

const LAYOUT_BY_TYPE: Readonly<Record<string, ResidentCardLayout>> = {
  J: 'hk-mo-tw',
  I: 'foreign-2017',
  Y: 'foreign-2023',
};

/** Fields that {@link ResidentCard} has by name; the others go into `fields`. */
const NAMED = new Set(['name', 'sex', 'birth', 'number', 'validFrom', 'validTo']);

/**
 * Reads the text block of a card, whichever of the four layouts it has.
 * Errors: `E-CARD-0201` malformed, `E-CARD-0202` wrong check digit. No detail ever quotes the block.
 */
export function decodeCardText(block: Uint8Array): Result<ResidentCard> {
  if (block.length !== TEXT_BYTES) {
    return failure('E-CARD-0201', `text block of ${block.length} bytes instead of ${TEXT_BYTES}`);
  }
  const text = Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString('utf16le');
  const layout = LAYOUT_BY_TYPE[text[TYPE_OFFSET / 2] ?? ' '] ?? 'resident';
  const raw: Record<string, string> = {};
  for (const [name, [offset, bytes]] of Object.entries<readonly [number, number]>(LAYOUTS[layout])) {
    // Padding is spaces; some readers fill what is empty with zeroes.
    raw[name] = text.slice(offset / 2, (offset + bytes) / 2).replace(/[\s\0]+$/u, '');
  }
  const take = (name: string): string => raw[name] ?? '';
  const card: ResidentCard = {
    layout,
    number: take('number').toUpperCase(),
    name: take('name') || take('englishName'),
    sex: take('sex'),
    birth: take('birth'),
    validFrom: take('validFrom'),
    ...(take('validTo') === NO_EXPIRY || take('validTo') === '' ? {} : { validTo: take('validTo') }),
    fields: Object.fromEntries(Object.entries(raw).filter(([name, value]) => !NAMED.has(name) && value !== '')),
  };
  return check(card);
}

function check(card: ResidentCard): Result<ResidentCard> {
  if (!/^(?:[0-9A-Z]{15}|\d{17}[0-9X])$/.test(card.number)) return failure('E-CARD-0201', 'number');
  // The permits of foreigners follow other rules, which no public text gives in full.
  const isCitizen = card.layout === 'resident' || card.layout === 'hk-mo-tw';
  if (isCitizen && card.number.length === 18 && !isCitizenNumber(card.number)) return failure('E-CARD-0202');
  if (card.name === '') return failure('E-CARD-0201', 'name');
  for (const [name, date] of Object.entries({ birth: card.birth, from: card.validFrom, to: card.validTo })) {
    if (date !== undefined && date !== '' && !isDate(date)) return failure('E-CARD-0201', name);
  }
  return ok(card);
}

function isDate(text: string): boolean {
  if (!/^\d{8}$/.test(text)) return false;
  const iso = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  const date = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso);
}

/** What a read (30 01, 30 10) brought. Views into the reply. */
export interface CardData {
  readonly text: Uint8Array;
  /** WLT, which only a licensed library can decode. */
  readonly photo: Uint8Array;
  /** 0, 512 or 1024 bytes; absent where they were not asked for. */
  readonly fingerprints?: Uint8Array;
}

/** Takes the reply of a read apart; `fingerprints` says which of the two reads it answers. Error: `E-CARD-0201`. */
export function decodeCardData(data: Uint8Array, fingerprints: boolean): Result<CardData> {
  const lengths = fingerprints ? 3 : 2;
  const at = (index: number): number => ((data[index * 2] ?? 0) << 8) | (data[index * 2 + 1] ?? 0);
  const start = lengths * 2;
  const text = at(0);
  const photo = at(1);
  const prints = fingerprints ? at(2) : 0;
  if (data.length !== start + text + photo + prints) return failure('E-CARD-0201', 'lengths do not add up');
  const photoEnd = start + text + photo;
  return ok({
    text: data.subarray(start, start + text),
    photo: data.subarray(start + text, photoEnd),
    ...(fingerprints ? { fingerprints: data.subarray(photoEnd) } : {}),
  });
}
