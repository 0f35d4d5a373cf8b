import { type Cancel, type DurationMs, type Result, err, failure, ms, ok, seconds } from '@hallhub/sync/base';
import type { Speaker } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type Protocol,
  type Receipt,
  type Traffic,
  type Veto,
  createCommandLedger,
  createEmitter,
  createHealth,
  parseParams,
} from '../../kit/index.ts';
import {
  type Sound,
  type Synthesis,
  type VoicePack,
  announcement,
  espeak,
  folderPack,
  lengthOf,
  silence,
} from '../../voice/index.ts';
import { type AudioOutParams, audioOutSchema } from './params.ts';
import type { Sink } from './ports.ts';
import { sinkFor } from './sinks.ts';

type SayCommand = Parameters<Speaker['say']>[0];
type HushCommand = Parameters<Speaker['hush']>[0];

/** An output that has failed is tried with a moment of silence, until it plays. */
const TRY_AGAIN_AFTER = seconds(15);
const TRIAL = silence(16_000, ms(50));
/** An output that has not come to an end so long after it should have hangs. */
const GRACE = seconds(5);

export interface AudioParts {
  readonly sink: (params: AudioOutParams, environment: DriverEnvironment) => Sink;
  readonly synthesis: (params: AudioOutParams) => Synthesis;
  readonly pack: (params: AudioOutParams) => VoicePack | undefined;
}

function createSpeaker(
  options: DriverEnvironment & { deviceId: string; params: AudioOutParams; parts: AudioParts },
): Driver {
  const { deviceId, params, parts, clock, log } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the loudspeaker failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  const sink = parts.sink(params, options);
  const voices = { params, synthesis: parts.synthesis(params), pack: parts.pack(params), log, deviceId };

  let running = false;
  /** One announcement at a time, in the order in which they came. */
  let turn: Promise<unknown> = Promise.resolve();
  /** Grows with every hush: what was asked for before it is not said any more. */
  let hushed = 0;
  let stopPlaying: (() => void) | undefined;
  let cancelTrial: Cancel | undefined;
  let cutShort: Cancel | undefined;

  const play = async (sound: Sound): Promise<Result<void>> => {
    const playing = sink.play(sound);
    stopPlaying = () => {
      playing.stop();
    };
    let hangs: Cancel | undefined;
    const overdue = new Promise<Result<void>>((resolve) => {
      hangs = clock.after(ms(lengthOf(sound) + GRACE), () => {
        playing.stop();
        resolve(failure('E-VOICE-0302', 'it does not come to an end'));
      });
    });
    const played = await Promise.race([playing.done, overdue]);
    hangs?.();
    stopPlaying = undefined;
    note(played);
    return played;
  };
  const note = (played: Result<void>): void => {
    if (!running) return;
    if (played.ok) health.set('ready');
    else if (played.error.code !== 'E-VOICE-0303') {
      health.set('down', played.error);
      cancelTrial?.();
      cancelTrial = clock.after(TRY_AGAIN_AFTER, tryOut);
    }
  };
  const tryOut = (): void => {
    cancelTrial = undefined;
    void inTurn(() => (running ? play(TRIAL) : Promise.resolve(ok())));
  };
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const done = turn.then(act);
    turn = done;
    return done;
  };
  const pause = (length: DurationMs): Promise<void> =>
    length === 0
      ? Promise.resolve()
      : new Promise((resolve) => {
          const cancel = clock.after(length, resolve);
          cutShort = () => {
            cancel();
            resolve();
          };
        });

  const say = async (command: SayCommand, veto: Veto): Promise<Receipt> => {
    const askedAt = hushed;
    const refused = (): 'E-DEV-0102' | 'E-VOICE-0303' | undefined => {
      if (!running) return 'E-DEV-0102';
      return askedAt === hushed ? undefined : 'E-VOICE-0303';
    };
    const made = await announcement(command.args, voices);
    if (!made.ok) return made;
    const playNow = async (): Promise<Receipt> => {
      const refusal = veto();
      if (refusal) return err(refusal);
      const over = refused();
      if (over) return failure(over);
      traffic.emit({
        at: clock.now(),
        direction: 'out',
        bytes: new Uint8Array(),
        meaning: `say ${command.args.text} (${Math.round(lengthOf(made.value))} ms)`,
      });
      const played = await play(made.value);
      return played.ok ? ok({ commandId: command.id, confirmation: 'observed', at: clock.now() }) : err(played.error);
    };
    return new Promise((resolve) => {
      void inTurn(async () => {
        const receipt = await playNow();
        resolve(receipt);
        // The silence behind it belongs to its turn, and not to the time that it took.
        if (receipt.ok && !refused()) await pause(command.args.dwell ?? ms(0));
      });
    });
  };
  const quiet = (): void => {
    hushed += 1;
    stopPlaying?.();
    cutShort?.();
  };
  const hush = (command: HushCommand, veto: Veto): Promise<Receipt> => {
    const refusal = veto();
    if (refusal) return Promise.resolve(err(refusal));
    quiet();
    return Promise.resolve(ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() }));
  };

  return {
    deviceId,
    capabilities: {
      speaker: {
        say: (command) => ledger.run(command, (veto) => say(command, veto)),
        hush: (command) => ledger.run(command, (veto) => hush(command, veto)),
      },
    },
    get health() {
      return health.current;
    },
    start: () => {
      if (running) return;
      running = true;
      tryOut();
    },
    stop: async () => {
      running = false;
      cancelTrial?.();
      quiet();
      await turn;
      cancelTrial?.();
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

/** Loudspeakers of the machine that the driver runs on. Each is a device of its own with an address such as `local:hall`. */
export function createAudioOutProtocol(parts: AudioParts): Protocol {
  return {
    name: 'audio-out',
    connect: (definition, environment) => {
      const [device, ...others] = definition.devices;
      if (!device || others.length > 0) return failure('E-DEV-0302', 'each loudspeaker has an address of its own');
      const params = parseParams(audioOutSchema, device.params);
      if (!params.ok) return err(params.error);
      return ok([createSpeaker({ ...environment, deviceId: device.deviceId, params: params.value, parts })]);
    },
  };
}

export const audioOutProtocol: Protocol = createAudioOutProtocol({
  sink: ({ output }, { clock }) => sinkFor(output, clock),
  synthesis: ({ wordsPerMinute }) => espeak({ wordsPerMinute }),
  pack: ({ voicePack }) => (voicePack === undefined ? undefined : folderPack(voicePack)),
});
