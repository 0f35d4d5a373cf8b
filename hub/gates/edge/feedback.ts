import type { Indicator, Speaker } from '@hallhub/device-drivers/capabilities';
import type { Clock, CodeText } from '@hallhub/sync/base';
import { ms, plus, seconds } from '@hallhub/sync/base';
import type { RefusalCode } from '../codes.ts';
import { gateCodes } from '../codes.ts';
import type { Feedback } from './gate.ts';

const GRANTED: CodeText = { zh: '请通行', en: 'Please come in' };
/** Longer than it takes to read, shorter than until the next person. */
const LASTS = seconds(4);
const TTL = seconds(2);

/** Tells the person at the gate, on whatever the gate has: light, sound and text of a reader, and a voice. Nothing waits for it. */
export function createFeedback(deps: {
  readonly indicator?: Indicator;
  readonly speaker?: Speaker;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly gateId: string;
}): Feedback {
  const { indicator, speaker, clock } = deps;
  const envelope = () => {
    const now = clock.now();
    return { id: deps.newId(), issuedAt: now, expiresAt: plus(now, TTL), issuedBy: `gate:${deps.gateId}` };
  };
  const textOf = (code: RefusalCode | undefined): CodeText => (code === undefined ? GRANTED : gateCodes[code]);

  return ({ granted, code }) => {
    const text = textOf(code);
    void indicator?.show({
      ...envelope(),
      name: 'show',
      args: {
        light: { colour: granted ? 'green' : 'red', on: LASTS, off: ms(0) },
        sound: { times: granted ? 1 : 3, on: ms(100), off: ms(100) },
        text: text.zh,
        lasts: LASTS,
      },
    });
    // A voice for every grant would never end at noon: it speaks to those who have to do something else.
    if (!granted)
      void speaker?.say({ ...envelope(), name: 'say', args: { text: text.zh, language: 'zh', chime: false } });
  };
}
