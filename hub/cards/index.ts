export { campusCardCodes } from './codes.ts';
export { cardRoutes } from './routes.ts';
export { cardSchema } from './schema.ts';
export type { CardAccountPort, PaymentPort } from './ports.ts';
export { type Cards, type TopUpRow, createCards } from './service.ts';
export { cardsSummary } from './summary.ts';
export { type Ledger, createLedger, ledgerSchema } from './reference/ledger.ts';
export { type SimulatedPayments, simulatedPayments } from './reference/payments.ts';
