import { z } from 'zod';
import { defineKind } from '../kind.ts';
import { placesShape } from './access.ts';
import { memberNumber } from './roster.ts';

export const leaveSchema = z
  .object({
    student: z.object({ number: memberNumber, name: z.string().trim().min(1).max(100) }),
    type: z.enum(['personal', 'sick', 'official', 'holiday', 'off-campus']),
    exit: z.boolean().default(false).meta({
      description: 'Whether the leave opens exits that are shut to others (gates and areas below; none: all)',
    }),
    ...placesShape,
  })
  .meta({ id: 'Leave' });

/** A student's approved leave: its nights are excused, and it may open the way out. */
export type Leave = z.infer<typeof leaveSchema>;

export const leave = defineKind({ kind: 'leave', major: 1, schemaVersion: '1.0', schema: leaveSchema });
