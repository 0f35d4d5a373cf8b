import { ok, seconds } from '@hallhub/sync/base';
import type { ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { chime, readWav, writeWav } from '../../voice/index.ts';
import { createAudioOutProtocol } from './driver.ts';
import { createAudioSimulator } from './simulator.ts';

const SAYS_NOTHING = 'nothing comes back from a loudspeaker but whether the sound was played';

/** Loudspeakers of the machine itself, with a voice that rings for each text. */
export const audioOutConformance: ProtocolConformance = {
  protocol: 'audio-out',
  deviceFaults: {
    silent: true,
    late: 'that a sound takes longer than it should is what the fault silent shows',
    'wrong-address': 'it has no address on any line',
    'bad-check': 'nothing with a check comes from it',
    refuses: true,
  },
  notApplicable: () => ({ replies: SAYS_NOTHING, frames: SAYS_NOTHING, lineFaults: SAYS_NOTHING }),
  checkVector: ({ hex, message }) => {
    const { rate, samples } = message as unknown as { rate: number; samples: number[] };
    const sound = { rate, samples: Int16Array.from(samples) };
    sameBytes(writeWav(sound), unhex(hex));
    const read = readWav(unhex(hex));
    if (!read.ok) throw new Error(read.error.code);
    sameValue({ rate: read.value.rate, samples: [...read.value.samples] }, message);
  },
  simulateOwn: ({ clock }) => {
    const speaker = createAudioSimulator({ clock });
    const subject: Subject = {
      start: () => Promise.resolve(ok()),
      stop: () => Promise.resolve(),
      stimuli: [],
      orders: [
        {
          capability: 'speaker',
          command: 'say',
          args: { text: '请A012号到3号窗口', language: 'zh', chime: true },
          confirmation: 'observed',
          effects: () => speaker.heard.length,
        },
      ],
      scenes: [
        {
          name: 'is silent when it is told to',
          covers: ['speaker.hush'],
          play: async ({ order, until }) => {
            const said = order('speaker', 'say', { text: '请', language: 'zh', chime: true, repeat: 5 });
            const next = order('speaker', 'say', { text: '号', language: 'zh', chime: false });
            if (!(await until(() => speaker.isPlaying, seconds(1)))) throw new Error('it does not begin to play');
            const hush = order('speaker', 'hush', {});
            if (!(await until(() => hush.receipt()?.ok === true, seconds(1)))) throw new Error('it is not hushed');
            await until(() => next.receipt() !== undefined, seconds(1));
            if (speaker.isPlaying) throw new Error('it plays on');
            for (const receipt of [said.receipt(), next.receipt()]) {
              if (receipt?.ok !== false || receipt.error.code !== 'E-VOICE-0303')
                throw new Error('what was hushed is not told as such');
            }
          },
        },
      ],
      setFault: (fault) => {
        speaker.setFaults({ hangs: fault === 'silent', refuses: fault === 'refuses' });
      },
    };
    return {
      protocol: createAudioOutProtocol({
        sink: () => speaker,
        synthesis: () => () => Promise.resolve(ok(chime(16_000))),
        pack: () => undefined,
      }),
      transport: { kind: 'url', url: 'local:speaker' },
      subject,
      unplug: () => {
        speaker.setFaults({ refuses: true });
      },
      plug: () => {
        speaker.setFaults({});
      },
    };
  },
};
