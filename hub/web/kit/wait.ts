import type { WaitRange } from '../../queue/contract.ts';
import type { Text } from './i18n.ts';

const MINUTE = 60_000;

/** Whole minutes; beyond half an hour in steps of five, since nobody knows it better. */
const rounded = (minutes: number, round: (value: number) => number): number =>
  minutes > 30 ? round(minutes / 5) * 5 : round(minutes);

/** How long it takes until somebody is called, as a range that is never narrower than what is known. */
export function waitText({ from, to }: WaitRange): Text {
  const least = rounded(Math.max(0, from) / MINUTE, Math.floor);
  const most = Math.max(1, rounded(Math.max(0, to) / MINUTE, Math.ceil));
  if (least === 0) return { zh: `${most} 分钟以内`, en: `within ${most} min` };
  if (least >= most) return { zh: `约 ${most} 分钟`, en: `about ${most} min` };
  return { zh: `约 ${least}–${most} 分钟`, en: `about ${least}–${most} min` };
}

/** `1 person ahead`, with the case that nobody is. */
export const aheadText = (ahead: number): Text =>
  ahead === 0
    ? { zh: '前面没有人，请留意叫号', en: 'You are next: listen for your number' }
    : { zh: `前面还有 ${ahead} 人`, en: ahead === 1 ? '1 person ahead of you' : `${ahead} people ahead of you` };
