#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Follows a monitor's alerts with Python's grpcio and prints them as JSON lines.

Knows nothing of nezuban.v1 beforehand: the messages come from the server's reflection service, as any
client's would that has no .proto at hand. Gaps and heartbeats are lines too: {"gap": …} and, with
--heartbeats, {"heartbeat": …}.
"""
import argparse
import json
import signal
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf import duration_pb2, timestamp_pb2  # noqa: F401 -- imported by the services
from google.protobuf.json_format import MessageToDict

REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
SERVICE = "nezuban.v1.AlertService"
REASONS = {0: "no reason given", 1: "the subscriber was too slow",
           2: "too much memory was held for subscribers", 3: "the node made alerts too fast",
           4: "the alert was too large", 5: "the store had to delete them",
           6: "the store could not write them", 7: "the store was damaged", 8: "the monitor was not running"}


def reflection_messages():
    """The two messages of gRPC's reflection protocol, with the few fields used here."""
    string, bytes_, message = 9, 12, 11
    once, many = 1, 3
    file = descriptor_pb2.FileDescriptorProto(name="reflection.proto", package="reflection", syntax="proto3")

    def add(name, *fields):
        added = file.message_type.add(name=name)
        for field_name, number, kind, label, of in fields:
            added.field.add(name=field_name, number=number, type=kind, label=label, type_name=of)

    add("Request", ("file_by_filename", 3, string, once, None),
        ("file_containing_symbol", 4, string, once, None))
    add("Files", ("file_descriptor_proto", 1, bytes_, many, None))
    add("Problem", ("error_message", 2, string, once, None))
    add("Response", ("file_descriptor_response", 4, message, once, ".reflection.Files"),
        ("error_response", 7, message, once, ".reflection.Problem"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    get = lambda name: message_class(pool.FindMessageTypeByName(f"reflection.{name}"))
    return get("Request"), get("Response")


def message_class(descriptor):
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory().GetPrototype(descriptor)


def fetch_pool(channel):
    """A descriptor pool with the service's file and all it imports, from the server itself."""
    request_class, response_class = reflection_messages()
    call = channel.stream_stream(REFLECTION, request_serializer=request_class.SerializeToString,
                                 response_deserializer=response_class.FromString)
    files = {}

    def fetch(**what):
        response = next(call(iter([request_class(**what)]), timeout=10))
        if response.HasField("error_response"):
            raise SystemExit(f"reflection: {what}: {response.error_response.error_message}")
        for data in response.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            files[file.name] = file
        return list(files)

    fetch(file_containing_symbol=SERVICE)
    while missing := {d for f in files.values() for d in f.dependency} - set(files):
        fetch(file_by_filename=missing.pop())
    pool = descriptor_pool.DescriptorPool()

    def add(name):  # imports first
        if name not in added:
            added.add(name)
            for dependency in files[name].dependency:
                add(dependency)
            pool.Add(files[name])

    added = set()
    for name in files:
        add(name)
    return pool


def time_text(time):
    """RFC 3339 with nanoseconds, which Python's datetime does not have."""
    whole = timestamp_pb2.Timestamp(seconds=time.seconds).ToJsonString()
    return f"{whole.removesuffix('Z')}.{time.nanos:09d}Z"


def field_value(field):
    which = field.WhichOneof("value")
    if which is None:
        return None
    value = getattr(field, which)
    return list(value.values) if which == "list_value" else value


def container_text(container):
    return (container.id or "host") if container.known else None


def alert_dict(alert, priorities):
    """The object `nezuban watch --json` prints, key by key."""
    time = time_text(alert.time)
    priority = priorities[alert.priority].removeprefix("PRIORITY_").capitalize()
    fields = {"evt.time": alert.time.seconds * 10**9 + alert.time.nanos}
    fields.update((field.name, field_value(field)) for field in alert.fields)
    correlated = {"count": alert.count} if alert.count else {}
    if alert.related:
        correlated["related"] = [{"id": r.id, "rule": r.rule, "time": time_text(r.time), "uncertain": r.uncertain}
                                 for r in alert.related]
    return {
        **correlated,
        "ancestors": [{"exe_path": a.exe_path, "name": a.name, "pid": a.pid} for a in alert.ancestors],
        "container_id": container_text(alert.container),
        "container_runtime": alert.container.runtime,
        "cursor": alert.cursor,
        "event": alert.event_type,
        "hostname": alert.hostname,
        "id": alert.id,
        "lost_before": alert.lost_before,
        "origin": container_text(alert.origin),
        "output": f"{time}: {priority} {alert.output}",
        "output_fields": fields,
        "pid": alert.pid,
        "priority": priority,
        "rule": alert.rule,
        "source": alert.source,
        "tags": list(alert.tags),
        "time": time,
        "uncertain": list(alert.uncertain),
    }


def lines(response, priorities, heartbeats):
    for alert in response.alerts.alerts:
        yield alert_dict(alert, priorities)
    if response.HasField("gap"):
        gap = response.gap
        yield {"gap": {"count": gap.count, "first_cursor": gap.first_cursor,
                       "first_time": time_text(gap.first_time), "last_cursor": gap.last_cursor,
                       "last_time": time_text(gap.last_time), "reason": REASONS.get(gap.reason, "unknown")}}
    if heartbeats and response.HasField("heartbeat"):
        yield {"heartbeat": MessageToDict(response.heartbeat, preserving_proto_field_name=True,
                                          including_default_value_fields=True)}


def follow(arguments):
    options = [("grpc.enable_http_proxy", 0)]
    channel = grpc.insecure_channel(arguments.address, options=options)
    try:
        grpc.channel_ready_future(channel).result(timeout=arguments.timeout)
    except grpc.FutureTimeoutError:
        raise SystemExit(f"client.py: no monitor at {arguments.address}")
    pool = fetch_pool(channel)
    method = pool.FindServiceByName(SERVICE).FindMethodByName("Subscribe")
    request_class, response_class = message_class(method.input_type), message_class(method.output_type)
    priorities = {v.number: v.name for v in pool.FindEnumTypeByName("nezuban.v1.Priority").values}
    request = request_class(min_priority=arguments.priority, rules=arguments.rule, name=arguments.name)
    if arguments.after is not None:
        request.after_cursor = arguments.after
    if arguments.heartbeat:
        request.heartbeat_interval.FromMilliseconds(int(arguments.heartbeat * 1000))
    call = channel.unary_stream(f"/{SERVICE}/Subscribe", request_serializer=request_class.SerializeToString,
                                response_deserializer=response_class.FromString)(request)
    alerts = 0
    for response in call:
        for line in lines(response, priorities, arguments.heartbeats):
            print(json.dumps(line, sort_keys=True, ensure_ascii=False), flush=True)
        alerts += len(response.alerts.alerts)
        if arguments.count and alerts >= arguments.count:
            call.cancel()
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", help="unix:///PATH or 127.0.0.1:PORT")
    parser.add_argument("--priority", type=int, default=0, help="1 (emergency) to 8 (debug); 0: all")
    parser.add_argument("--rule", action="append", default=[], help="glob on the rule's name; may be repeated")
    parser.add_argument("--after", type=int, help="start behind that cursor; 0: at the oldest")
    parser.add_argument("--name", default="", help="of a subscriber whose place the node keeps")
    parser.add_argument("--count", type=int, default=0, help="stop after that many alerts")
    parser.add_argument("--heartbeat", type=float, default=0, help="seconds between heartbeats")
    parser.add_argument("--heartbeats", action="store_true", help="print them too")
    parser.add_argument("--timeout", type=float, default=10, help="seconds to wait for the monitor")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        follow(arguments)
    except KeyboardInterrupt:
        pass
    except grpc.RpcError as error:
        raise SystemExit(f"client.py: {error.code().name}: {error.details()}")


if __name__ == "__main__":
    main()
