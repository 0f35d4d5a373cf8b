/** Holds the token of the kiosk whose page this browser shows, at the hub and at the kiosk's own agent alike. */
export const KIOSK_COOKIE = 'hallhub_kiosk';
