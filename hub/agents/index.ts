export { agentCodes } from './codes.ts';
export { type AgentLink, type AgentState, createAgentLink } from './link.ts';
export { joinHosts } from './fleet.ts';
export { type RemoteDevice, type RemoteHost, createRemoteHost } from './remote-host.ts';
