import { encodeModuleRequest, findModuleReply } from './module-frames.ts';

/** Where an answer lies in the bytes, and what it says. */
interface Answer {
  readonly from: number;
  readonly to: number;
  readonly says?: string;
  /** The scanner understood, and does not do it: why. */
  readonly refused?: string;
}

/** One question to a scanner and how its answer is found among whatever else it sends. */
export interface Step {
  readonly send: Uint8Array;
  readonly meaning: string;
  /** Undefined while the answer is not there. */
  find(bytes: Uint8Array): Answer | undefined;
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

const word = (send: string, answer: string, meaning: string): Step => ({
  send: latin1(send),
  meaning,
  find: (bytes) => {
    const from = Buffer.from(bytes).indexOf(answer, 0, 'latin1');
    return from === -1 ? undefined : { from, to: from + answer.length };
  },
});

/** Newland HR10, HR15: into the setup, which firmware, out of it. The scanner leaves it by itself after 5 s. */
export const newlandSteps: readonly Step[] = [
  word('$$$$', '@@@@', 'enter setup'),
  {
    send: latin1('#99900301;'),
    meaning: 'which firmware',
    find: (bytes) => {
      const text = Buffer.from(bytes).toString('latin1');
      const found = /!99900301;&\{([^{}|]{0,200})(?:\|[^{}]{0,16})?\}/.exec(text);
      return found ? { from: found.index, to: found.index + found[0].length, says: found[1] ?? '' } : undefined;
    },
  },
  word('%%%%', '^^^^', 'leave setup'),
];

/** Leaves the setup, whatever it answers. */
export const newlandLeave: Step = word('%%%%', '^^^^', 'leave setup');

/** Modules with `7E 00` frames: a harmless read shows that one is there, then each setting is written. */
export function moduleSteps(
  settings: readonly { readonly address: number; readonly data: readonly number[] }[],
): readonly Step[] {
  const find: Step['find'] = (bytes) => {
    const found = findModuleReply(bytes);
    if (!found) return undefined;
    const { from, to, reply } = found;
    return reply.status === 0
      ? { from, to, says: Buffer.from(reply.data).toString('hex') }
      : { from, to, refused: `status ${reply.status}` };
  };
  return [
    { send: encodeModuleRequest({ kind: 'read', address: SPEED, count: 2 }), meaning: 'which speed', find },
    ...settings.map(({ address, data }): Step => ({
      send: encodeModuleRequest({ kind: 'write', address, data }),
      meaning: `set ${address.toString(16).padStart(4, '0')}`,
      find,
    })),
  ];
}

/** Where a module keeps the speed of its line. */
const SPEED = 0x002a;
/** More than an answer and a code in front of it. */
const MOST_KEPT = 1_024;

/** Where a dialogue stands. */
export interface DialogueState {
  readonly steps: readonly Step[];
  readonly kept: Uint8Array;
  /** What the answers said, in order. */
  readonly said: readonly string[];
  /** Which step was refused, and why; no step follows it. */
  readonly refused?: string;
}

export const begin = (steps: readonly Step[]): DialogueState => ({ steps, kept: new Uint8Array(), said: [] });

/**
 * Takes bytes in the middle of a dialogue. `rest` is what belonged to no answer and is somebody's code; a finished
 * dialogue has no steps left.
 */
export function hear(
  state: DialogueState,
  bytes: Uint8Array,
): { readonly state: DialogueState; readonly answered: boolean; readonly rest: Uint8Array } {
  const all = Uint8Array.from([...state.kept, ...bytes]);
  const [step, ...later] = state.steps;
  const found = step?.find(all);
  if (!found) {
    // Nothing is kept for an answer that would have come by now.
    const surplus = Math.max(0, all.length - (step ? MOST_KEPT : 0));
    return {
      state: { ...state, kept: all.slice(surplus) },
      answered: false,
      rest: all.slice(0, surplus),
    };
  }
  const rest = Uint8Array.from([...all.subarray(0, found.from), ...all.subarray(found.to)]);
  if (found.refused !== undefined) {
    const refused = `${step?.meaning ?? ''}: ${found.refused}`;
    return { state: { steps: [], kept: new Uint8Array(), said: state.said, refused }, answered: true, rest };
  }
  const said = found.says === undefined ? state.said : [...state.said, found.says];
  return { state: { steps: later, kept: new Uint8Array(), said }, answered: true, rest };
}
