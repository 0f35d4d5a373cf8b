import type { SimulatedCard } from '@hallhub/device-drivers/protocols/resident-id';
import type { Certificate, VisitorAccess } from '@hallhub/sync/contract';
import type { ReferenceHall } from '@hallhub/sync/reference-hall';

/** Somebody with a card in hand, as the hall floor offers them. */
export interface Person {
  readonly key: string;
  readonly name: string;
  readonly number: string;
  /** What the hall holds for them. */
  readonly requests: readonly { readonly id: string; readonly kind: string; readonly state: string }[];
  readonly card: SimulatedCard;
}

/** Cards of people whom no request names; fictional, with valid check digits. */
const STRANGERS: readonly { readonly name: string; readonly number: string; readonly validTo?: string }[] = [
  { name: '赵无名', number: '440524188001010014' },
];

/** Everybody whom a request of the hall names by a resident ID card, and a stranger. */
export function peopleOf(hall: Pick<ReferenceHall, 'requests'>): readonly Person[] {
  const byNumber = new Map<string, { name: string; requests: Person['requests'][number][] }>();
  for (const request of hall.requests.list(500)) {
    for (const { name, number } of named(request.kind, request.data)) {
      const known = byNumber.get(number) ?? { name, requests: [] };
      known.requests.push({ id: request.id, kind: request.kind, state: request.state });
      byNumber.set(number, known);
    }
  }
  for (const { name, number } of STRANGERS) if (!byNumber.has(number)) byNumber.set(number, { name, requests: [] });
  const people = [...byNumber].map(([number, { name, requests }]) => ({
    key: number,
    name,
    number,
    requests,
    card: {
      layout: 'resident' as const,
      name,
      number,
      birth: number.slice(6, 14),
      sex: Number(number[16]) % 2 === 0 ? '2' : '1',
      nation: '01',
      validFrom: '20200101',
      validTo: '长期',
    },
  }));
  return people.sort((a, b) => rank(a.requests) - rank(b.requests) || (a.number < b.number ? -1 : 1));
}

/** Those who can walk in first, then other visitors, then students, then strangers. */
function rank(requests: Person['requests']): number {
  const visit = requests.find(({ kind }) => kind === 'visitor-access');
  if (visit) return visit.state === 'approved' ? 0 : 1;
  return requests.length > 0 ? 2 : 3;
}

function named(kind: string, data: unknown): { name: string; number: string }[] {
  if (kind === 'visitor-access') {
    return (data as VisitorAccess).people.flatMap(({ name, document }) =>
      document.type === 'resident-id' ? [{ name, number: document.number }] : [],
    );
  }
  if (kind === 'certificate') {
    const { student } = data as Certificate;
    return student.residentId === undefined ? [] : [{ name: student.name, number: student.residentId }];
  }
  return [];
}
