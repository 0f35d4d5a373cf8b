import type { Roster } from '@hallhub/sync/contract';
import type { Gates } from '../gates/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Person } from './views.ts';

/** Reads people out of the requests, where they lie sealed; undefined once they are erased. */
export const createPeople =
  ({ requests }: { readonly requests: () => Pick<Requests, 'data'> }) =>
  (requestId: string): Person | undefined => {
    const data = requests().data(requestId);
    if (!data.ok) return undefined;
    const { person, dorm } = data.value as Partial<Roster>;
    if (!person) return undefined;
    return {
      name: person.name,
      number: person.number,
      ...(person.unit !== undefined && { unit: person.unit }),
      ...(dorm && { room: dorm.room }),
      ...(dorm?.bed !== undefined && { bed: dorm.bed }),
    };
  };
export type People = ReturnType<typeof createPeople>;

/** What the nights of a building rest on, of all that gates know. */
export type Watch = Pick<Gates, 'sightings' | 'blind' | 'inside' | 'onSighting' | 'gates'>;
