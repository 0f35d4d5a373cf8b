import type { Clock } from '../base/index.ts';
import { hours, iso, plus, unwrap } from '../base/index.ts';
import type { Certificate, DocumentDelivery, VisitorAccess } from '../contract/index.ts';
import { residentIdCheckDigit } from '../contract/index.ts';
import type { HallRequests } from './requests.ts';
import { tinyPdf } from './tiny-pdf.ts';

/** A number of the fictional persons of the seed: a real district code, an invented birthday, a valid check digit. */
const residentId = (birthday: string, order: string): string => {
  const digits = `110101${birthday}${order}`;
  return digits + residentIdCheckDigit(digits);
};

interface SeedVisit {
  readonly people: readonly { readonly name: string; readonly number: string }[];
  readonly passport?: { readonly name: string; readonly number: string; readonly nationality: string };
  readonly companions?: number;
  readonly gates: readonly string[];
  readonly areas?: readonly string[];
  readonly host: VisitorAccess['host'];
  readonly purpose: string;
  readonly fromHours: number;
  readonly untilHours: number;
  readonly state: 'approved' | 'submitted' | 'revoked';
}

const visits: readonly SeedVisit[] = [
  {
    people: [{ name: '张三', number: residentId('19900307', '001') }],
    gates: ['east-1', 'east-2'],
    host: { name: '李老师', department: '计算机学院' },
    purpose: '学术交流',
    fromHours: -2,
    untilHours: 72,
    state: 'approved',
  },
  {
    people: [
      { name: '李四', number: residentId('19851122', '102') },
      { name: '王五', number: residentId('19881203', '015') },
    ],
    companions: 1,
    gates: ['east-1'],
    host: { name: '赵老师', department: '校友会' },
    purpose: '校友返校',
    fromHours: -1,
    untilHours: 48,
    state: 'approved',
  },
  {
    people: [{ name: '㛃桂英', number: residentId('19790615', '024') }],
    gates: [],
    areas: ['main-campus'],
    host: { name: '钱老师', department: '图书馆' },
    purpose: '古籍修复讲座',
    fromHours: -4,
    untilHours: 24,
    state: 'approved',
  },
  {
    people: [{ name: '𠮷田花子', number: residentId('19930828', '061') }],
    passport: { name: 'Erika Mustermann', number: 'C01X00T47', nationality: 'DEU' },
    gates: ['east-1', 'west-1'],
    host: { name: '孙老师', department: '外国语学院' },
    purpose: '合作洽谈',
    fromHours: -1,
    untilHours: 120,
    state: 'approved',
  },
  {
    people: [{ name: '周小明', number: residentId('20010401', '033') }],
    gates: ['west-1'],
    host: { name: '吴老师', department: '招生办公室' },
    purpose: '面试',
    fromHours: 20,
    untilHours: 30,
    state: 'approved',
  },
  {
    people: [{ name: '郑七', number: residentId('19760909', '017') }],
    gates: ['east-1'],
    host: { name: '冯老师', department: '后勤处' },
    purpose: '设备维修',
    fromHours: -24,
    untilHours: 24,
    state: 'revoked',
  },
  {
    people: [{ name: '欧阳修远', number: residentId('19981010', '055') }],
    gates: ['east-2'],
    host: { name: '陈老师', department: '艺术学院' },
    purpose: '布展',
    fromHours: -1,
    untilHours: 56,
    state: 'submitted',
  },
];

interface SeedCertificate {
  readonly student: Certificate['student'];
  readonly template: string;
  readonly fields?: Record<string, string | number | boolean>;
  readonly copiesAllowed: number;
  readonly state: 'approved' | 'submitted';
}

/** Fields of the `enrolment` template, marked as a specimen. */
const enrolment = (fields: {
  readonly gender: '男' | '女';
  readonly birthDate: string;
  readonly college: string;
  readonly major: string;
  readonly enrolledOn: string;
  readonly years: 4 | 5;
}): Record<string, string | number | boolean> => ({
  ...fields,
  level: '本科',
  expectedGraduation: `${Number(fields.enrolledOn.slice(0, 4)) + fields.years}-06-30`,
  specimen: true,
});

const certificates: readonly SeedCertificate[] = [
  {
    student: { number: '2023010001', name: '刘一', residentId: residentId('20040512', '014') },
    template: 'enrolment',
    fields: enrolment({
      gender: '男',
      birthDate: '2004-05-12',
      college: '计算机学院',
      major: '软件工程',
      enrolledOn: '2023-09-01',
      years: 4,
    }),
    copiesAllowed: 3,
    state: 'approved',
  },
  {
    student: { number: '2022020017', name: '陈二㛃', residentId: residentId('20030718', '028') },
    template: 'enrolment',
    fields: enrolment({
      gender: '女',
      birthDate: '2003-07-18',
      college: '文学院',
      major: '汉语言文学',
      enrolledOn: '2022-09-01',
      years: 4,
    }),
    copiesAllowed: 2,
    state: 'approved',
  },
  {
    // Outside the fonts that ship: refused by name until a fallback font is configured.
    student: { number: '2021030009', name: '𠮷国强', residentId: residentId('20020226', '037') },
    template: 'enrolment',
    fields: enrolment({
      gender: '男',
      birthDate: '2002-02-26',
      college: '理学院',
      major: '数学与应用数学',
      enrolledOn: '2021-09-01',
      years: 4,
    }),
    copiesAllowed: 1,
    state: 'approved',
  },
  {
    student: { number: '2020040123', name: '林小红', residentId: residentId('20011130', '046') },
    template: 'graduation',
    copiesAllowed: 2,
    state: 'approved',
  },
  {
    student: { number: '2024050042', name: '黄八', residentId: residentId('20050808', '059') },
    template: 'enrolment',
    fields: enrolment({
      gender: '男',
      birthDate: '2005-08-08',
      college: '建筑学院',
      major: '建筑学',
      enrolledOn: '2024-09-01',
      years: 5,
    }),
    copiesAllowed: 2,
    state: 'submitted',
  },
];

/** From the demo's campus to the other one, back, and within it. */
const deliveries: readonly (Omit<DocumentDelivery, 'size'> & { readonly state: 'approved' | 'submitted' })[] = [
  {
    sender: { name: '刘一', number: '2023010001', residentId: residentId('20040512', '014') },
    recipient: { name: '陈老师', number: 'T10023' },
    ...{ from: 'hub-demo', to: 'hub-west', dropOffCode: '48213907', keepDays: 3, state: 'approved' },
  },
  {
    sender: { name: '赵老师', number: 'T10031' },
    recipient: { name: '陈二㛃', number: '2022020017', residentId: residentId('20030718', '028') },
    ...{ from: 'hub-west', to: 'hub-demo', state: 'approved' },
  },
  {
    sender: { name: '黄八', number: '2024050042', residentId: residentId('20050808', '059') },
    recipient: { name: '林小红', number: '2020040123', residentId: residentId('20011130', '046') },
    ...{ from: 'hub-demo', to: 'hub-demo', dropOffCode: '70531942', state: 'approved' },
  },
  {
    sender: { name: '林小红', number: '2020040123', residentId: residentId('20011130', '046') },
    recipient: { name: '冯老师', number: 'T10007' },
    ...{ from: 'hub-demo', to: 'hub-west', state: 'submitted' },
  },
];

/** Fills an empty hall with a dozen fictional requests in every state. */
export function seed(requests: HallRequests, clock: Clock): void {
  const now = clock.now();
  for (const visit of visits) {
    const people: VisitorAccess['people'] = visit.people.map(({ name, number }) => ({
      name,
      document: { type: 'resident-id', number },
    }));
    if (visit.passport) {
      const { name, number, nationality } = visit.passport;
      people.push({ name, document: { type: 'passport', number, nationality } });
    }
    const { companions = 0, gates, areas = [], host, purpose } = visit;
    const id = unwrap(
      requests.apply({
        kind: 'visitor-access',
        validFrom: iso(plus(now, hours(visit.fromHours))),
        validUntil: iso(plus(now, hours(visit.untilHours))),
        data: { people, companions, gates, areas, host, purpose },
      }),
    );
    if (visit.state !== 'submitted') unwrap(requests.approve(id));
    if (visit.state === 'revoked') unwrap(requests.revoke(id, '施工取消'));
  }
  const pdf = requests.putFile(tinyPdf(['Graduation certificate (specimen)', 'Student 2020040123']), 'application/pdf');
  for (const { student, template, fields, copiesAllowed, state } of certificates) {
    const content = fields
      ? { type: 'fields', fields }
      : {
          type: 'pdf',
          url: `v1/files/${pdf.sha256}`,
          sha256: pdf.sha256,
          title: { zh: '毕业证明', en: 'Graduation certificate' },
        };
    const id = unwrap(
      requests.apply({
        kind: 'certificate',
        validFrom: iso(plus(now, hours(-1))),
        validUntil: iso(plus(now, hours(24 * 30))),
        data: { student, template, content, copiesAllowed },
      }),
    );
    if (state === 'approved') unwrap(requests.approve(id));
  }
  for (const { state, ...data } of deliveries) {
    const id = unwrap(
      requests.apply({
        kind: 'document-delivery',
        validFrom: iso(plus(now, hours(-1))),
        validUntil: iso(plus(now, hours(24 * 14))),
        data,
      }),
    );
    if (state === 'approved') unwrap(requests.approve(id));
  }
}
