export { type Access, type Caller, type HubAccount, type HubSeen, createAccess, header } from './access.ts';
export { type SigningKey, loadSigningKey, strangerKey } from './keys.ts';
export { HallProblem } from './problem.ts';
export { type ContractScope, contractScope, parseOr400 } from './scope.ts';
