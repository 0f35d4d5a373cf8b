export { type Approved, type KindHandler, type RequestView, type Requests, createRequests } from './service.ts';
export { requestsSchema } from './schema.ts';
export { requestCodes } from './codes.ts';
