import { createHash } from 'node:crypto';
import type {
  EventAccess,
  Leave,
  MemberCredential,
  PersonDocument,
  Roster,
  VehicleAccess,
} from '@hallhub/sync/contract';
import type { AccessWindow, Block, VisitorAccess } from '@hallhub/sync/contract';
import type { Direction, Terms, Window } from './pass.ts';
import { plainTerms } from './pass.ts';
import { normalisePlate } from './plates.ts';
import { legacyCodeKey } from './qr/legacy-code.ts';

/** What somebody shows at a gate, before it is hashed. `type` keeps the kinds apart. */
export interface Credential {
  readonly type:
    'resident-id' | 'passport' | 'uid' | 'campus-code' | 'legacy-code' | 'visitor-code' | 'face' | 'plate' | 'member';
  readonly value: string;
  /** campus-code: the person's key, in base64. */
  readonly secret?: string;
  /** Shown by somebody who is forced to. */
  readonly duress?: true;
}

/** A pass before it has an id and hashes. */
export interface PassDraft extends Terms {
  readonly person: number;
  readonly effect: 'admit' | 'deny';
  readonly credentials: readonly Credential[];
  /** Who it is; the first names them, a block on any of them holds. */
  readonly identities: readonly [Credential, ...Credential[]];
  readonly account: 'pass' | 'request';
}

/** The kinds of request that become passes. */
export type GateKind = 'visitor-access' | 'vehicle-access' | 'event-access' | 'roster' | 'leave' | 'block';
export type GateRequest =
  | { readonly kind: 'visitor-access'; readonly data: VisitorAccess }
  | { readonly kind: 'vehicle-access'; readonly data: VehicleAccess }
  | { readonly kind: 'event-access'; readonly data: EventAccess }
  | { readonly kind: 'roster'; readonly data: Roster }
  | { readonly kind: 'leave'; readonly data: Leave }
  | { readonly kind: 'block'; readonly data: Block };

/** The passes of an approved request: one for each person or plate in it. */
export function passDrafts(request: GateRequest): readonly PassDraft[] {
  switch (request.kind) {
    case 'visitor-access':
      return visitors(request.data);
    case 'vehicle-access':
      return vehicles(request.data);
    case 'event-access':
      return bookings(request.data);
    case 'roster':
      return member(request.data);
    case 'leave':
      return wayOut(request.data);
    case 'block':
      return denials(request.data);
  }
}

function visitors(data: VisitorAccess): readonly PassDraft[] {
  return data.people.map(({ document }, person) => ({
    ...plainTerms,
    ...whereAndWhen(data),
    ...(data.uses && { uses: data.uses }),
    companions: person === 0 ? data.companions : 0,
    escorted: data.escort,
    ...ofPerson(document, person),
  }));
}

function bookings(data: EventAccess): readonly PassDraft[] {
  return data.people.map(({ document }, person) => ({
    ...plainTerms,
    places: places(data),
    slot: { id: `${data.event.id}/${data.slot.id}`, capacity: data.slot.capacity },
    ...(!data.reentry && { uses: { max: 1, per: 'request' as const } }),
    companions: person === 0 ? data.companions : 0,
    ...ofPerson(document, person),
  }));
}

function vehicles(data: VehicleAccess): readonly PassDraft[] {
  return data.plates.map((text, person) => {
    const plate: Credential = { type: 'plate', value: normalisePlate(text) };
    return {
      ...plainTerms,
      ...whereAndWhen(data),
      ...(data.uses && { uses: data.uses }),
      oneInside: data.sharing === 'one-inside',
      escorted: data.escort,
      person,
      effect: 'admit',
      credentials: [plate],
      identities: [plate],
      account: 'request',
    };
  });
}

function member(data: Roster): readonly PassDraft[] {
  const legacy: Credential = { type: 'legacy-code', value: legacyCodeKey(data.person.number) };
  const credentials = [...data.credentials.map(memberCredential), legacy];
  const documents = credentials.filter(({ type }) => type === 'resident-id');
  return [
    {
      ...plainTerms,
      ...whereAndWhen(data),
      may: data.may,
      person: 0,
      effect: 'admit',
      credentials,
      identities: [memberIdentity(data.person.number), ...documents],
      account: 'pass',
    },
  ];
}

/** A leave opens the way out for the member it names; their credentials are the roster's. */
function wayOut(data: Leave): readonly PassDraft[] {
  if (!data.exit) return [];
  const direction: Direction = 'out';
  const identity = memberIdentity(data.student.number);
  return [
    {
      ...plainTerms,
      places: places(data),
      direction,
      person: 0,
      effect: 'admit',
      credentials: [identity],
      identities: [identity],
      account: 'pass',
    },
  ];
}

function denials(data: Block): readonly PassDraft[] {
  return data.targets.map((target, person) => {
    const identity = targetCredential(target);
    return {
      ...plainTerms,
      places: places(data),
      person,
      effect: 'deny',
      credentials: [identity],
      identities: [identity],
      account: 'pass',
    };
  });
}

function targetCredential(target: Block['targets'][number]): Credential {
  switch (target.type) {
    case 'person':
      return documentCredential(target.document);
    case 'member':
      return memberIdentity(target.number);
    case 'campus-card':
      return { type: 'uid', value: target.uid };
    case 'plate':
      return { type: 'plate', value: normalisePlate(target.plate) };
  }
}

function memberCredential(credential: MemberCredential): Credential {
  switch (credential.type) {
    case 'resident-id':
      return { type: 'resident-id', value: credential.number };
    case 'campus-card':
      return { type: 'uid', value: credential.uid, ...(credential.duress && { duress: true }) };
    case 'campus-code':
      return {
        type: 'campus-code',
        value: campusCodeKeyId(credential.key),
        secret: credential.key,
        ...(credential.duress && { duress: true }),
      };
    case 'face':
      return { type: 'face', value: credential.id };
    case 'plate':
      return { type: 'plate', value: normalisePlate(credential.plate) };
  }
}

/** By which a dynamic code says whose it is: the first 8 bytes (hex) of SHA-256 over the person's key. @param key base64 */
export const campusCodeKeyId = (key: string): string =>
  createHash('sha256').update(Buffer.from(key, 'base64')).digest('hex').slice(0, 16);

export const documentCredential = ({ type, number }: PersonDocument): Credential => ({ type, value: number });
export const memberIdentity = (number: string): Credential => ({ type: 'member', value: number });

const places = (data: { readonly gates: readonly string[]; readonly areas: readonly string[] }): readonly string[] => [
  ...data.gates,
  ...data.areas,
];

const whereAndWhen = (data: {
  readonly gates: readonly string[];
  readonly areas: readonly string[];
  readonly windows: readonly AccessWindow[];
}): Pick<Terms, 'places' | 'windows'> => ({ places: places(data), windows: data.windows.map(toWindow) });

function ofPerson(
  document: PersonDocument,
  person: number,
): Pick<PassDraft, 'person' | 'effect' | 'credentials' | 'identities' | 'account'> {
  const credential = documentCredential(document);
  return { person, effect: 'admit', credentials: [credential], identities: [credential], account: 'pass' };
}

function toWindow({ weekdays, days, from, until }: AccessWindow): Window {
  return {
    ...(weekdays && { weekdays }),
    ...(days !== 'all' && { on: days === 'workdays' ? 'workday' : 'day-off' }),
    from: minutes(from),
    until: minutes(until),
  };
}

const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
