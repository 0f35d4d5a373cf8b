import { type Cancel, type Clock, type Result, failure, ms, ok } from '@hallhub/sync/base';
import { type Sound, lengthOf } from '../../voice/index.ts';
import type { Sink } from './ports.ts';

export interface AudioFaults {
  /** It takes the sound and never comes to an end. */
  readonly hangs?: boolean;
  /** It plays nothing, as a card that was pulled out. */
  readonly refuses?: boolean;
}

/** A loudspeaker in simulated time. */
export interface AudioSimulator extends Sink {
  /** What was played to its end, the trials with silence left out. */
  readonly heard: readonly Sound[];
  readonly isPlaying: boolean;
  setFaults(faults: AudioFaults): void;
}

const isSilent = ({ samples }: Sound): boolean => samples.every((sample) => sample === 0);

export function createAudioSimulator({ clock }: { readonly clock: Clock }): AudioSimulator {
  const heard: Sound[] = [];
  let faults: AudioFaults = {};
  let playing: { readonly end: (result: Result<void>) => void } | undefined;

  return {
    heard,
    get isPlaying() {
      return playing !== undefined;
    },
    setFaults: (next) => {
      faults = next;
      if (faults.refuses) playing?.end(failure('E-VOICE-0302', 'the output went away'));
    },
    play: (sound) => {
      if (playing) throw new Error('two sounds at once');
      if (faults.refuses)
        return { done: Promise.resolve(failure('E-VOICE-0302', 'no such output')), stop: () => undefined };
      let cancel: Cancel = () => undefined;
      let settle: (result: Result<void>) => void = () => undefined;
      const done = new Promise<Result<void>>((resolve) => {
        settle = resolve;
      });
      const end = (result: Result<void>): void => {
        cancel();
        playing = undefined;
        if (result.ok && !isSilent(sound)) heard.push(sound);
        settle(result);
      };
      playing = { end };
      if (!faults.hangs)
        cancel = clock.after(ms(lengthOf(sound)), () => {
          end(ok());
        });
      return {
        done,
        stop: () => {
          end(failure('E-VOICE-0303'));
        },
      };
    },
  };
}
