import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  allEventTypes,
  attachmentStoredSchema,
  bucketSchema,
  certificateSchema,
  changeSchema,
  cloudEventSchema,
  digestBuilder,
  digestSchema,
  eventAnswersSchema,
  eventPositionSchema,
  feedPageSchema,
  isResidentIdNumber,
  personDocumentSchema,
  problemSchema,
  recordsSchema,
  requestKinds,
  residentIdCheckDigit,
  revocationsPageSchema,
  snapshotPageSchema,
} from './index.ts';
import type { Change } from './index.ts';
import { openApiFile, openApiText } from './openapi.ts';

const goldenDir = join(import.meta.dirname, 'golden');
const goldens = readdirSync(goldenDir).map((file) => file.replace(/\.json$/, ''));
const golden = (name: string): unknown => JSON.parse(readFileSync(join(goldenDir, `${name}.json`), 'utf8')) as unknown;
const change = (name: string): Change => changeSchema.parse(golden(name));

const pages: Readonly<Record<string, z.ZodType>> = {
  'page.feed': feedPageSchema,
  'page.revocations': revocationsPageSchema,
  'page.snapshot': snapshotPageSchema,
  'page.digest': digestSchema,
  'page.bucket': bucketSchema,
  'page.records': recordsSchema,
  'answers.batch': eventAnswersSchema,
  'answers.position': eventPositionSchema,
  'answers.attachment': attachmentStoredSchema,
};
const startingWith = (prefix: string): string[] => goldens.filter((name) => name.startsWith(prefix));

describe('golden examples', () => {
  it.each(startingWith('change.'))('%s is a change that is accepted', (name) => {
    const reading = requestKinds.read(change(name));
    expect(reading.status).toBe('accepted');
  });

  it.each(startingWith('event.'))('%s is a CloudEvent of a known type, and its data is whole', (name) => {
    const event = cloudEventSchema.parse(golden(name));
    const type = allEventTypes.find((candidate) => candidate.type === event.type);
    expect(type?.schema.parse(event.data)).toEqual(event.data);
  });

  it.each(Object.entries(pages))('%s follows its schema, nothing unsaid', (name, schema) => {
    expect(schema.parse(golden(name))).toEqual(golden(name));
  });

  it.each(startingWith('problem.'))('%s is a problem', (name) => {
    expect(problemSchema.parse(golden(name))).toEqual(golden(name));
  });

  it('leaves no example unread, and every event type has one', () => {
    const read = [...Object.keys(pages), ...['change.', 'event.', 'problem.'].flatMap(startingWith)];
    expect(goldens.toSorted()).toEqual(read.toSorted());
    const shown = startingWith('event.').map((name) => cloudEventSchema.parse(golden(name)).type);
    expect(shown.toSorted()).toEqual(allEventTypes.map(({ type }) => type as string).toSorted());
  });

  it('agrees with the digest of the example bucket', () => {
    const { id, revision } = change('change.certificate-fields');
    const digest = digestSchema.parse(golden('page.digest'));
    const built = digestBuilder();
    built.add({ id, revision });
    expect(built.values()).toEqual(digest.buckets);
  });
});

describe('reading a change', () => {
  const visit = change('change.visitor-access');

  it('tolerates fields of a later minor version', () => {
    const reading = requestKinds.read(change('change.visitor-access-with-later-fields'));
    expect(reading.status).toBe('accepted');
  });

  it('keeps a later major, an unknown kind and bad data apart', () => {
    expect(requestKinds.read({ ...visit, schemaVersion: '2.0' })).toMatchObject({ failure: { code: 'E-SYNC-0202' } });
    expect(requestKinds.read({ ...visit, kind: 'locker-loan' }).status).toBe('unknown-kind');
    expect(requestKinds.read({ ...visit, data: {} })).toMatchObject({ failure: { code: 'E-SYNC-0203' } });
    expect(requestKinds.read({ ...visit, validUntil: visit.validFrom })).toMatchObject({
      failure: { code: 'E-SYNC-0203' },
    });
  });

  it('never says a value of the data when it refuses it', () => {
    const people = [{ name: '秘密', document: { type: 'resident-id', number: '110101199003070019' } }];
    const reading = requestKinds.read({ ...visit, data: { ...visit.data, people } });
    expect(reading.status).toBe('poison');
    expect(JSON.stringify(reading)).not.toMatch(/秘密|19900307/);
  });

  it('takes a revocation of whatever kind and content', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.dictionary(fc.string(), fc.jsonValue()), (kind, data) => {
        expect(requestKinds.read({ ...visit, kind, op: 'revoke', data }).status).toBe('accepted');
      }),
    );
  });

  it('answers anything at all with a status, and never throws', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
        expect(['accepted', 'poison']).toContain(requestKinds.read({ ...visit, data }).status);
      }),
    );
  });
});

describe('resident-ID numbers', () => {
  const digits = fc.stringMatching(/^\d{17}$/);

  it('accepts the check digit, and no other', () => {
    fc.assert(
      fc.property(digits, fc.constantFrom(...Array.from('0123456789X')), (start, last) => {
        expect(isResidentIdNumber(start + last)).toBe(last === residentIdCheckDigit(start));
      }),
    );
  });

  it('notices every single wrong digit', () => {
    fc.assert(
      fc.property(digits, fc.nat(16), fc.integer({ min: 1, max: 9 }), (start, at, step) => {
        const wrong = String((Number(start.charAt(at)) + step) % 10);
        const changed = start.slice(0, at) + wrong + start.slice(at + 1) + residentIdCheckDigit(start);
        expect(isResidentIdNumber(changed)).toBe(false);
      }),
    );
  });
});

describe('numbers of the cards that a resident-ID reader reads', () => {
  const accepted = (number: string): boolean => personDocumentSchema.safeParse({ type: 'resident-id', number }).success;

  it.each([
    ['resident', '11010519491231002X'],
    ['resident, typed in lower case', '11010519491231002x'],
    ['Hong Kong, Macao, Taiwan', '830000199001010039'],
    ['foreign permanent resident, 2017 form', 'USA310000123456'],
    ['foreign permanent resident, 2017 form, typed in lower case', 'usa310000123456'],
    ['foreign permanent resident, 2023 form', '911156199001010010'],
  ])('%s: %s', (_form, number) => {
    expect(accepted(number)).toBe(true);
    const student = { number: '1', name: 'n', residentId: number };
    const paper = { student, template: 'enrolment', content: { type: 'fields', fields: {} }, copiesAllowed: 1 };
    expect(certificateSchema.safeParse(paper).data?.student.residentId).toBe(number.toUpperCase());
  });

  it('the 2023 form keeps to its check digit like a resident’s', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^9\d{16}$/), fc.constantFrom(...Array.from('0123456789X')), (start, last) => {
        expect(accepted(start + last)).toBe(last === residentIdCheckDigit(start));
      }),
    );
  });

  it('the 2017 form is three letters and twelve digits, and nothing else of 15 characters is a card', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z0-9]{15}$/), (number) => {
        expect(accepted(number)).toBe(/^[A-Z]{3}\d{12}$/.test(number));
      }),
    );
    expect(['US310000123456', 'USA31000012345', 'USA3100001234567', '310000123456USA'].filter(accepted)).toEqual([]);
  });
});

it('the OpenAPI document is up to date (run `node sync/contract/openapi.ts`)', () => {
  expect(readFileSync(openApiFile, 'utf8')).toBe(openApiText());
});
