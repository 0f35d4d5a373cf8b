import { type Result, failure, ok } from '@hallhub/sync/base';
import type { IndicatorCommand } from '../../capabilities/index.ts';
import type { OsdpCommand } from './messages.ts';
import type { OsdpParams } from './params.ts';

const TENTH_MS = 100;
const MOST_TENTHS = 255;
const COLOURS = { off: 0, red: 1, green: 2, amber: 3, blue: 4, white: 7 } as const;
/** Control codes: temporary LED state, default tone, temporary text without wrap. */
const LED_TEMPORARY = 2;
const DEFAULT_TONE = 2;
const TEXT_TEMPORARY = 3;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Readers refuse a time of zero, so the shortest is a tenth of a second. */
const tenths = (duration: number, most = MOST_TENTHS): number =>
  Math.min(most, Math.max(1, Math.round(duration / TENTH_MS)));

/**
 * What to send for it; what the reader lacks is left out. Errors: `E-DEV-0203` where nothing remains, or for a text that no
 * reader's display can show.
 */
export function indicatorCommands(
  args: IndicatorCommand['args'],
  { reader, indicator }: Pick<OsdpParams, 'reader' | 'indicator'>,
): Result<readonly OsdpCommand[]> {
  const { light, sound, text, lasts } = args;
  const commands: OsdpCommand[] = [];
  if (light && indicator) {
    commands.push({
      name: 'leds',
      leds: [
        {
          reader,
          led: indicator.led,
          temporary: {
            control: LED_TEMPORARY,
            on: tenths(light.on),
            off: light.off === 0 ? 0 : tenths(light.off),
            onColour: COLOURS[light.colour],
            offColour: COLOURS.off,
            timer: tenths(lasts, 0xffff),
          },
          permanent: { control: 0, on: 0, off: 0, onColour: 0, offColour: 0 },
        },
      ],
    });
  }
  if (sound && indicator) {
    const { times, on, off } = sound;
    commands.push({ name: 'buzzer', reader, tone: DEFAULT_TONE, on: tenths(on), off: tenths(off), count: times });
  }
  if (text !== undefined && indicator?.display) {
    if (!PRINTABLE.test(text)) return failure('E-DEV-0203', 'a reader’s display shows ASCII only');
    const shownFor = Math.min(255, Math.max(1, Math.ceil(lasts / 1_000)));
    commands.push({
      name: 'text',
      reader,
      control: TEXT_TEMPORARY,
      seconds: shownFor,
      row: 1,
      column: 1,
      text: Uint8Array.from(Buffer.from(text, 'latin1')),
    });
  }
  return commands.length > 0 ? ok(commands) : failure('E-DEV-0203', 'this reader can show none of it');
}
