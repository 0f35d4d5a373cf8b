#!/bin/sh
# After all three nodes went down together, each of 3.10 waits 100 s for an answer that no other can give before it opens
# its share of the register of MQTT client ids, and lets nobody in until then. This opens it now, on the node of this
# machine (or of RABBITMQ_NODENAME); it may be run on all of them, at any time, also while they start.
set -eu
exec rabbitmqctl eval '
  Register = {mqtt_node, node()},
  Open = fun Open() ->
    case ra:restart_server(coordination, Register) of
      {error, system_not_started} -> timer:sleep(200), Open();
      {error, {already_started, _}} -> already_open;
      {error, name_not_registered} -> not_a_member_yet;
      ok -> ra:trigger_election(Register), opened;
      Other -> Other
    end
  end,
  Open().'
