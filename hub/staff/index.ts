export { type Account, type Staff, createStaff } from './service.ts';
export { type Grant, type Role, ROLES, may } from './rules.ts';
export { staffSchema } from './schema.ts';
export { staffCodes } from './codes.ts';
