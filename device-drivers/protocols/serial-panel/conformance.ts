import { ms } from '@hallhub/sync/base';
import type { Profile } from '@hallhub/firmware-profiles/schema';
import type { FrameSamples, Order, ProtocolConformance, Stimulus, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { declaredCodec } from '../../kit/index.ts';
import { displayMessage, encodeMessage, fits, meaningOf } from './messages.ts';
import { type Meaning, type PanelMessage, type PanelParams, type When, panelSchema } from './params.ts';
import { type PanelForm, type PanelOrderSeen, createPanelSimulator } from './simulator.ts';

const NEVER_ANSWERS = 'it speaks when somebody presses something, and never answers';

const paramsOf = ({ params }: Profile): PanelParams => panelSchema.parse(params);

function formOf({ frame }: PanelParams): PanelForm {
  const [first] = frame;
  if (!first || !('bytes' in first)) return 'line';
  return first.bytes === 'aa' ? 'short' : 'long';
}

/** What somebody presses for a meaning, as the simulated panel needs it. */
function pressFor({ events }: PanelParams, wanted: (means: Meaning) => boolean) {
  const event = events.find(({ means }) => wanted(means));
  if (!event) throw new Error('nothing to press');
  const { fields, data } = event.when;
  const code = fields['code'];
  return {
    command: fields['command'] ?? 0,
    data: code === undefined ? Uint8Array.from(Buffer.from(data ?? '', 'hex')) : Uint8Array.of(code),
  };
}

const isTold = ({ fields, data }: PanelMessage, order: PanelOrderSeen): boolean =>
  fields['command'] === order.command && data === Buffer.from(order.data).toString('hex');

type Saying =
  | { readonly show: string }
  | { readonly lamp: 'red' | 'green' | 'amber' | 'blue' | 'white'; readonly on: boolean }
  | { readonly ask: true }
  | { readonly heartbeat: true };

/** The message of a request vector. */
function messageFor(params: PanelParams, saying: Saying): PanelMessage {
  if ('show' in saying && params.display) {
    const shown = displayMessage(params.display, saying.show);
    if (shown.ok) return shown.value;
  }
  const lamp = 'lamp' in saying ? params.lamps?.[saying.lamp] : undefined;
  const message =
    'lamp' in saying ? (saying.on ? lamp?.on : lamp?.off) : 'ask' in saying ? params.ask : params.heartbeat?.message;
  if (!message) throw new Error(`${JSON.stringify(saying)}: this panel cannot be told`);
  return message;
}

/** Keypads, rating pads and push buttons whose frames their profiles declare. */
export const serialPanelConformance: ProtocolConformance = {
  protocol: 'serial-panel',
  deviceFaults: {
    silent: true,
    late: true,
    'wrong-address': true,
    'bad-check': true,
    refuses: true,
  },
  notApplicable: (profile) => {
    const { display, lamps, ask, heartbeat } = paramsOf(profile);
    return display || lamps || ask || heartbeat ? {} : { requests: NEVER_ANSWERS };
  },
  checkVector: ({ direction, hex, message }, profile) => {
    const params = paramsOf(profile);
    if (direction === 'request') {
      sameBytes(encodeMessage(params, messageFor(params, message as unknown as Saying)), unhex(hex));
      return;
    }
    const [framed] = declaredCodec(params.frame).createFramer().push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const says = (when: When | undefined): boolean => when !== undefined && fits(when, framed.frame);
    const { answer } = params;
    const meaning = says(answer?.taken)
      ? { answer: 'taken' }
      : says(answer?.refused)
        ? { answer: 'refused' }
        : meaningOf(params, framed.frame);
    sameValue(meaning, message);
  },
  frameSamples: (vectors, profile): FrameSamples => ({
    create: () => declaredCodec(paramsOf(profile).frame).createFramer(),
    frames: vectors.map(({ hex }) => unhex(hex)),
  }),
  simulate: ({ transport, clock, profile }): Subject => {
    const params = paramsOf(profile);
    const { display, lamps, ask, answer, address } = params;
    const answersWith = answer?.taken.fields['command'];
    const panel = createPanelSimulator({
      transport,
      clock,
      form: formOf(params),
      address,
      ...(answersWith !== undefined && { answersWith }),
    });
    const told = { show: 0, light: 0, ask: 0 };
    const lamp = lamps?.red;
    panel.onOrder((order) => {
      if (display?.fields['command'] === order.command) told.show += 1;
      if (lamp && isTold(lamp.on, order)) told.light += 1;
      if (ask && isTold(ask, order)) told.ask += 1;
    });
    const has = (kind: string): boolean => params.events.some(({ means }) => kind in means);
    const confirmation = answer ? 'acknowledged' : 'unconfirmed';
    const stimuli: Stimulus[] = [];
    if (has('key'))
      stimuli.push({
        name: 'a number is typed',
        capability: 'keypad',
        event: 'keys',
        cause: () => {
          for (const key of ['1', '2', 'enter'])
            panel.press(pressFor(params, (means) => 'key' in means && means.key === key));
        },
        matches: (event) => (event as { keys: string }).keys === '12',
      });
    if (has('button'))
      stimuli.push({
        name: 'a button is pressed',
        capability: 'buttonPanel',
        event: 'button',
        cause: () => {
          panel.press(pressFor(params, (means) => 'button' in means && means.button === 1));
        },
        matches: (event) => (event as { button: number }).button === 1,
      });
    if (has('rating'))
      stimuli.push({
        name: 'somebody rates',
        capability: 'ratingPad',
        event: 'rating',
        cause: () => {
          panel.press(pressFor(params, (means) => 'rating' in means && means.rating === 4));
        },
        matches: (event) => (event as { score: number }).score === 4,
      });
    const orders: Order[] = [];
    if (display)
      orders.push({
        capability: 'counterDisplay',
        command: 'show',
        args: { lines: ['A012'] },
        confirmation,
        effects: () => told.show,
      });
    if (lamp)
      orders.push({
        capability: 'indicator',
        command: 'show',
        args: { light: { colour: 'red', on: ms(0), off: ms(0) }, lasts: ms(2_000) },
        confirmation,
        effects: () => told.light,
      });
    if (ask)
      orders.push({
        capability: 'ratingPad',
        command: 'ask',
        args: { counter: '3', lasts: ms(10_000) },
        confirmation,
        effects: () => told.ask,
      });
    return {
      start: () => panel.start(),
      stop: () => panel.stop(),
      stimuli,
      orders,
      refusals: [
        ...(has('rating') && !ask
          ? [
              {
                capability: 'ratingPad' as const,
                command: 'ask',
                args: { counter: '3', lasts: ms(10_000) },
                code: 'E-DEV-0203' as const,
              },
            ]
          : []),
        ...(lamp
          ? [
              {
                capability: 'indicator' as const,
                command: 'show',
                args: { text: '请', lasts: ms(1_000) },
                code: 'E-DEV-0203' as const,
              },
            ]
          : []),
      ],
      setFault: (fault) => {
        panel.setFaults({
          silent: fault === 'silent',
          badCheck: fault === 'bad-check',
          wrongAddress: fault === 'wrong-address',
          refuses: fault === 'refuses',
          ...(fault === 'late' && { lateBy: ms((answer?.withinMs ?? 0) + 150) }),
        });
      },
    };
  },
};
