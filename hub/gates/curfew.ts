import type { CampusDay, CampusTime, DayKind } from '../calendar/index.ts';

/** The rule of some nights. Clock times in minutes since midnight; before noon they mean the morning after. */
export interface CurfewNight {
  /** ISO 8601, of the evening; absent: every day. */
  readonly weekdays?: readonly number[];
  /** Only the eve of such a day; absent: any. */
  readonly eve?: DayKind;
  /** From then on whoever comes in is late. */
  readonly from: number;
  /** From then on whoever is not in is out for the night. */
  readonly lateUntil: number;
}

/** When a building shuts for the night, and what happens to who comes after. */
export interface Curfew {
  /** The first that fits an evening holds; an evening that none fits has no curfew. */
  readonly nights: readonly CurfewNight[];
  /** When the night is over. */
  readonly until: number;
  /** `late`: they come in, and it is written down; `refuse`: they do not. */
  readonly then: 'late' | 'refuse';
}

const NOON = 720;
const DAY = 1_440;

/** Minutes since the midnight before the evening: what is before noon belongs to the morning after. */
export const nightMinute = (minute: number): number => (minute < NOON ? minute + DAY : minute);

/** The rule of the night that begins on this evening. */
export const nightRule = (
  { nights }: Pick<Curfew, 'nights'>,
  evening: CampusDay,
  next: CampusDay,
): CurfewNight | undefined =>
  nights.find(
    ({ weekdays, eve }) =>
      (weekdays === undefined || weekdays.includes(evening.weekday)) && (eve === undefined || eve === next.kind),
  );

/** Whether the building is shut for the night at this moment. */
export function pastCurfew(curfew: Curfew, { minute, yesterday, tomorrow, ...today }: CampusTime): boolean {
  const rule = minute < NOON ? nightRule(curfew, yesterday, today) : nightRule(curfew, today, tomorrow);
  const now = nightMinute(minute);
  return rule !== undefined && now >= nightMinute(rule.from) && now < nightMinute(curfew.until);
}
