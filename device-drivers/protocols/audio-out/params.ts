import { z } from 'zod';
import { voiceSettings } from '../../voice/index.ts';

const outputSchema = z.discriminatedUnion('via', [
  z.strictObject({ via: z.literal('aplay'), device: z.string().min(1).default('default').describe('As in aplay -L') }),
  z.strictObject({ via: z.literal('paplay'), device: z.string().min(1).optional().describe('As in pactl list sinks') }),
  z.strictObject({ via: z.literal('file'), path: z.string().min(1).describe('The newest announcement as a WAV file') }),
  z.strictObject({ via: z.literal('null') }).describe('Plays to nobody, for as long as it would take'),
]);

/** What an installation says about its loudspeaker. */
export const audioOutSchema = z.strictObject({
  output: outputSchema.default({ via: 'aplay', device: 'default' }),
  ...voiceSettings,
});

export type AudioOutParams = z.output<typeof audioOutSchema>;
