import type { Identity } from './identity.ts';

/**
 * Whose word is taken for the hub's certificate: the authority that the enrolment code named. An identity of an older program
 * knows the broker's authority only; with the hub's own broker it is the same. Undefined: who is publicly trusted.
 */
export const authorityOf = ({ hubCa, mqtt }: Pick<Identity, 'hubCa' | 'mqtt'>): string | undefined =>
  hubCa ?? (mqtt.urls ? undefined : mqtt.ca);
