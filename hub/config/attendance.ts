import type { DurationMs } from '@hallhub/sync/base';
import { z } from 'zod';
import { clockTime } from './gates.ts';
import { duration, id, label } from './primitives.ts';

/** Who hears of something: a channel, and the person where it goes to one. */
const recipient = z.strictObject({ channel: id, to: z.string().min(1).max(64).exactOptional() });

/** Nights in dormitories (归寝) and the check-in of new students (报到). */
export const attendance = z
  .strictObject({
    /** How long results of nights, and what was corrected in them, are kept. */
    keep: duration.default(() => 15_552_000_000 as DurationMs),
    buildings: z
      .array(
        z.strictObject({
          /** An area with a curfew, which is also what the hall's roster names as somebody's building. */
          area: id,
          /** So long after the end of the time for coming late the list is made and told. */
          publishAfter: duration.default(() => 600_000 as DurationMs),
          /** After so long the last passage of somebody says nothing any more. */
          staleAfter: duration.default(() => 172_800_000 as DurationMs),
          /** A resident whom no gate of the building has seen for so long is reported. */
          unseenAfter: duration.default(() => 259_200_000 as DurationMs),
          /** When others than residents may be in the building. */
          visitors: z.strictObject({ from: clockTime, until: clockTime }).prefault({ from: '08:00', until: '21:00' }),
          /** Residents of these categories are not asked where they spend the night. */
          exempt: z
            .array(z.enum(['student', 'staff', 'resident', 'contractor']))
            .default(['staff', 'resident', 'contractor']),
          /** Who gets the list of a night, and its corrections. */
          digest: z.array(recipient).default([]),
          /** Who hears at once of what cannot wait for the list. */
          alerts: z.array(recipient).default([]),
        }),
      )
      .default([]),
    /** Where new students report; staff there confirm who it is. */
    checkIn: z
      .array(
        z.strictObject({
          id,
          label,
          /** Only whoever works in this area may check people in here; absent: whoever may do so anywhere. */
          area: id.exactOptional(),
          /**
           * Code scanners, card readers and face terminals that stand there: whoever shows something to them comes up on the page of the
           * staff. A terminal sends its picture along where its own `pictures` says so.
           */
          devices: z.array(id).max(16).default([]),
        }),
      )
      .default([]),
  })
  .prefault({});
