export type { Agent, AgentEnd } from '../agent.ts';
export { AGENT_EXIT, joinHub, startAgentProgram } from './program.ts';
