import type { DurationMs } from '@hallhub/sync/base';
import { epochMs, hours, minutes } from '@hallhub/sync/base';
import type { CampusTime } from '../../calendar/index.ts';
import type { Curfew } from '../curfew.ts';
import type { Pass } from '../pass.ts';
import { plainTerms } from '../pass.ts';
import type { Candidate, DecisionInput, GateRules } from '../rules.ts';
import { decide } from '../rules.ts';

export const NOW = epochMs(100_000_000);
export const ago = (duration: DurationMs) => epochMs(NOW - duration);
export const pass: Pass = {
  ...plainTerms,
  id: 'r1#0',
  requestId: 'r1',
  person: 0,
  kind: 'visitor-access',
  effect: 'admit',
  identities: ['aa'],
  account: 'r1#0',
  validFrom: epochMs(NOW - 100_000),
  validUntil: epochMs(NOW + 100_000),
  revoked: false,
};
export const gate: GateRules = {
  id: 'south',
  area: 'campus',
  direction: 'in',
  exit: 'known',
  firstPerson: false,
  twoPeople: false,
  whenClockLost: 'refuse',
  whenAlone: 'lenient',
  duress: 'admit',
};
export const noon: CampusTime = {
  date: '20261122',
  weekday: 7,
  kind: 'day-off',
  minute: 720,
  yesterday: { date: '20261121', weekday: 6, kind: 'day-off' },
  tomorrow: { date: '20261123', weekday: 1, kind: 'workday' },
};
export const held = (terms: Partial<Pass> = {}, history: Partial<Candidate> = {}): Candidate => ({
  pass: { ...pass, ...terms },
  used: { ever: 0, today: 0 },
  slotTaken: 0,
  otherInside: false,
  ...history,
});
export const input = (change: Partial<DecisionInput> = {}): DecisionInput => ({
  gate,
  standing: 'controlled',
  released: true,
  candidates: [held()],
  now: NOW,
  local: noon,
  duress: false,
  companion: false,
  clockTrusted: true,
  alone: false,
  freshness: { age: 0 as DurationMs, maxStaleness: hours(4), whenStale: 'refuse' },
  led: true,
  otherDoorOpen: false,
  partners: [],
  ...change,
});
export const at = (rules: Partial<GateRules>): GateRules => ({ ...gate, ...rules });
export const one = (terms: Partial<Pass>, history: Partial<Candidate> = {}): Partial<DecisionInput> => ({
  candidates: [held(terms, history)],
});
export const outward = at({ direction: 'out' });
export const checked = at({ direction: 'out', exit: 'checked' });
export const stale = { age: hours(5), maxStaleness: hours(4), whenStale: 'refuse' } as const;
export const passback = (scope: 'gate' | 'area' | 'in-out', mode: 'strict' | 'warn' = 'strict') => ({
  antiPassback: { scope, mode, within: minutes(10) },
});
export const shut = (then: 'late' | 'refuse', weekdays = [7]): Curfew => ({
  nights: [{ weekdays, from: 720, lateUntil: 1_380 }],
  until: 330,
  then,
});
export const strict = { alone: 'area' as const, gate: at({ whenAlone: 'strict' }) };
export const escort: Pass = { ...pass, id: 'r9#0', identities: ['ee'], may: ['escort'] };
export const other: Pass = { ...pass, id: 'r8#0', identities: ['dd'] };

export const codeOf = (change: Partial<DecisionInput>): string => {
  const decision = decide(input(change));
  return decision.granted ? ['granted', ...decision.warnings].join(' ') : decision.code;
};
