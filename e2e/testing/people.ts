import type { SimulatedCard } from '@hallhub/device-drivers/protocols/resident-id';
import { hours, iso, plus, systemClock, unwrap } from '@hallhub/sync/base';
import { residentIdCheckDigit } from '@hallhub/sync/contract';
import type { ReferenceHall } from '@hallhub/sync/reference-hall';

/** A fictional person: an invented birthday, a valid check digit. */
export interface Person {
  readonly name: string;
  readonly number: string;
  readonly card: SimulatedCard;
}

const clock = systemClock({ mode: 'test' });

/** `order` (0–999) tells people apart. */
export function person(name: string, order: number): Person {
  const digits = `11010119900307${String(order).padStart(3, '0')}`;
  const number = digits + residentIdCheckDigit(digits);
  return { name, number, card: { layout: 'resident', name, number, validTo: '长期' } };
}

const window = () => ({ validFrom: iso(plus(clock.now(), hours(-1))), validUntil: iso(plus(clock.now(), hours(24))) });

/** Applies for `data` as that kind of request and approves it, for a day; returns the request's id. */
export function approve(hall: ReferenceHall, kind: string, data: object): string {
  const id = unwrap(hall.requests.apply({ kind, ...window(), data }));
  unwrap(hall.requests.approve(id));
  return id;
}

/** Applies for a visit through `gate` and approves it; returns the request's id. */
export const approveVisit = (
  hall: ReferenceHall,
  { name, number }: Pick<Person, 'name' | 'number'>,
  gate: string,
  terms: object = {},
): string =>
  approve(hall, 'visitor-access', {
    people: [{ name, document: { type: 'resident-id', number } }],
    gates: [gate],
    host: { name: '李老师' },
    ...terms,
  });

/** The student number under which {@link approveCertificate} applies. */
export const studentNumber = ({ number }: Person): string => `2023${number.slice(14, 17)}0417`;

/** Applies for a certificate of enrolment and approves it; returns the request's id. */
export function approveCertificate(
  hall: ReferenceHall,
  student: Person,
  copiesAllowed: number,
  terms: { readonly pickUpCode?: string } = {},
): string {
  return approve(hall, 'certificate', {
    student: { number: studentNumber(student), name: student.name, residentId: student.number },
    template: 'enrolment',
    content: {
      type: 'fields',
      fields: {
        gender: '女',
        birthDate: '1990-03-07',
        idNumber: student.number,
        college: '计算机科学与技术学院',
        major: '软件工程',
        level: '本科',
        years: '4',
        enrolledOn: '2023-09-01',
        expectedGraduation: '2027-06-30',
        specimen: true,
      },
    },
    copiesAllowed,
    ...terms,
  });
}
