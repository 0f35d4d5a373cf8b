export type { Agent, AgentEnd } from '../agent.ts';
export type { Screens } from './kiosk-server/index.ts';
export { AGENT_EXIT, joinHub, startAgentProgram } from './program.ts';
