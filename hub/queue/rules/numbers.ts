/**
 * Numbers of one series: `A001` to `A999`, then from the first again. The serial behind a number only grows within a day, so a
 * number that was given stays the one of its ticket through a crash; a number that wraps comes again only when nobody waits
 * under it any more.
 */
export interface Series {
  readonly prefix: string;
  readonly first: number;
  /** After it the first comes again. */
  readonly last: number;
  /** Digits to which a number is filled up. */
  readonly digits: number;
}

export interface NextNumber {
  /** 1, 2, 3 … of the day; never comes again that day. */
  readonly serial: number;
  /** As it stands on paper. */
  readonly number: string;
}

export const numberOf = ({ prefix, first, last, digits }: Series, serial: number): string =>
  `${prefix}${String(first + ((serial - 1) % (last - first + 1))).padStart(digits, '0')}`;

/**
 * @param given serial of the last ticket of the day, 0 when there is none
 * @param isOpen whether somebody still waits under a number
 * @returns undefined when every number of the series is in use
 */
export function nextNumber(series: Series, given: number, isOpen: (number: string) => boolean): NextNumber | undefined {
  const span = series.last - series.first + 1;
  for (let serial = given + 1; serial <= given + span; serial += 1) {
    const number = numberOf(series, serial);
    if (!isOpen(number)) return { serial, number };
  }
  return undefined;
}
