// SPDX-License-Identifier: Apache-2.0
// Fields of the language that nothing here can tell yet: rules that name them load, with a warning,
// and find them absent. Whoever can answer one moves its row, with a getter, to its class's table.
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using enum Type;
using enum Several;
using enum ArgumentKind;

struct Form {
  Several several = Several::kNo;
  ArgumentKind argument = ArgumentKind::kNone;
};
constexpr Form kKeyed{.argument = kKey};
constexpr Form kListed{.several = kList};

constexpr FieldDef Row(std::string_view name, Type type, std::string_view unit,
                       std::string_view doc, Form form = {}) {
  return {.name = name,
          .type = type,
          .several = form.several,
          .argument = form.argument,
          .unit = unit,
          .doc = doc};
}

constexpr FieldDef Old(std::string_view name, Type type, std::string_view unit,
                       std::string_view doc, Form form = {}) {
  FieldDef def = Row(name, type, unit, doc, form);
  def.deprecated = true;
  return def;
}

constexpr FieldDef kFields[] = {
    Row("evt.reltime", kInt, "ns", "Time since the monitor started."),
    Row("evt.reltime.s", kInt, "s", "Time since the monitor started, whole seconds."),
    Row("evt.reltime.ns", kInt, "ns",
        "Time since the monitor started, the rest after the whole seconds."),
    Row("evt.deltatime", kInt, "ns", "Time since the event before this one."),
    Row("evt.deltatime.s", kInt, "s", "Time since the event before this one, whole seconds."),
    Row("evt.deltatime.ns", kInt, "ns",
        "Time since the event before this one, the rest after the whole seconds."),
    Row("evt.asynctype", kText, "", "Kind of an asynchronous event."),
    Row("evt.pluginname", kText, "", "Name of the plugin an event comes from."),
    Row("evt.plugininfo", kText, "", "A plugin's summary of its event."),
    Row("evt.buffer", kBytes, "", "The first bytes that were read or written."),
    Row("evt.buflen", kInt, "bytes", "How much was read or written."),
    Row("evt.buflen.in", kInt, "bytes", "How much was read."),
    Row("evt.buflen.out", kInt, "bytes", "How much was written."),
    Row("evt.buflen.file", kInt, "bytes", "How much was read or written, of files."),
    Row("evt.buflen.file.in", kInt, "bytes", "How much was read, of files."),
    Row("evt.buflen.file.out", kInt, "bytes", "How much was written, of files."),
    Row("evt.buflen.net", kInt, "bytes", "How much was read or written, of sockets."),
    Row("evt.buflen.net.in", kInt, "bytes", "How much was read, of sockets."),
    Row("evt.buflen.net.out", kInt, "bytes", "How much was written, of sockets."),
    Row("evt.is_io", kBool, "", "The event reads or writes data."),
    Row("evt.is_io_read", kBool, "", "The event reads data."),
    Row("evt.is_io_write", kBool, "", "The event writes data."),
    Row("evt.io_dir", kText, "", "r for events that read data, w for those that write."),
    Row("evt.is_wait", kBool, "", "The event waits for something."),
    Old("evt.wait_latency", kInt, "ns", "How long the call waited."),
    Row("evt.is_syslog", kBool, "", "The event writes to /dev/log."),
    Row("evt.count.procinfo", kInt, "", "1 for periodic events about a process."),
    Row("evt.count.threadinfo", kInt, "", "1 for periodic events about a thread."),
    Old("evt.latency.quantized", kInt, "", "Latency on a logarithmic scale."),
    Old("evt.infra.docker.name", kText, "", "Name of an infrastructure event."),
    Old("evt.infra.docker.container.id", kText, "", "Container of an infrastructure event."),
    Old("evt.infra.docker.container.name", kText, "", "Container of an infrastructure event."),
    Old("evt.infra.docker.container.image", kText, "", "Image of an infrastructure event."),
    Row("proc.is_exe_writable", kBool, "", "The user may write to the executable."),
    Row("proc.exe_ino.ctime_duration_pidns_start", kInt, "ns",
        "From the change of the executable's inode to the start of the pid namespace."),
    Row("proc.pidns_init_start_ts", kInt, "ns",
        "When the first process of the pid namespace started, since the epoch."),
    Row("proc.fdopencount", kInt, "", "Number of open descriptors."),
    Row("proc.fdlimit", kInt, "", "How many descriptors may be open."),
    Row("proc.fdusage", kInt, "%", "Open descriptors in percent of the limit."),
    Row("proc.vmsize", kInt, "kB", "Virtual memory."),
    Row("proc.vmrss", kInt, "kB", "Resident memory."),
    Row("proc.vmswap", kInt, "kB", "Swapped memory."),
    Row("proc.nthreads", kInt, "", "Number of live threads."),
    Row("proc.nchilds", kInt, "", "Number of live threads but the first."),
    Old("proc.is_container_healthcheck", kBool, "", "Part of a container's healthcheck."),
    Old("proc.is_container_liveness_probe", kBool, "", "Part of a container's liveness probe."),
    Old("proc.is_container_readiness_probe", kBool, "", "Part of a container's readiness probe."),
    Row("thread.pfmajor", kInt, "", "Major page faults."),
    Row("thread.pfminor", kInt, "", "Minor page faults."),
    Row("thread.exectime", kInt, "ns", "CPU time of the last run."),
    Row("thread.totexectime", kInt, "ns", "CPU time in all."),
    Row("thread.cpu", kInt, "%", "CPU usage."),
    Row("thread.cpu.user", kInt, "%", "CPU usage in user mode."),
    Row("thread.cpu.system", kInt, "%", "CPU usage in the kernel."),
    Row("thread.vmsize", kInt, "kB", "Virtual memory, of the first thread only."),
    Row("thread.vmsize.b", kInt, "bytes", "Virtual memory, of the first thread only."),
    Row("thread.vmrss", kInt, "kB", "Resident memory, of the first thread only."),
    Row("thread.vmrss.b", kInt, "bytes", "Resident memory, of the first thread only."),
    Row("thread.cgroups", kText, "", "Cgroups as subsystem=path joined with blanks."),
    Row("thread.cgroup", kText, "", "Path of the cgroup of one subsystem.", kKeyed),
    Row("fd.types", kText, "", "Kinds of all descriptors the process has open.",
        {.several = kList, .argument = kIndex}),
    Row("fd.cip.name", kHostName, "",
        "Name of the client: its address is one of those the name resolves to."),
    Row("fd.sip.name", kHostName, "",
        "Name of the server: its address is one of those the name resolves to."),
    Row("fd.lip.name", kHostName, "",
        "Name of the local end: its address is one of those the name resolves to."),
    Row("fd.rip.name", kHostName, "",
        "Name of the remote end: its address is one of those the name resolves to."),
    Row("fdlist.nums", kText, "", "The numbers of the descriptors polled, joined with commas."),
    Row("fdlist.names", kText, "", "The names of the descriptors polled, joined with commas."),
    Row("fdlist.cips", kText, "",
        "The client addresses of the descriptors polled, joined with commas."),
    Row("fdlist.sips", kText, "",
        "The server addresses of the descriptors polled, joined with commas."),
    Row("fdlist.cports", kText, "",
        "The client ports of the descriptors polled, joined with commas."),
    Row("fdlist.sports", kText, "",
        "The server ports of the descriptors polled, joined with commas."),
    Old("container.healthcheck", kText, "", "The healthcheck of the container."),
    Old("container.liveness_probe", kText, "", "The liveness probe of the container."),
    Old("container.readiness_probe", kText, "", "The readiness probe of the container."),
    Old("k8s.svc.name", kText, "", "Name of the service."),
    Old("k8s.svc.id", kText, "", "Id of the service."),
    Old("k8s.svc.label", kText, "", "One label of the service.", kKeyed),
    Old("k8s.svc.labels", kText, "", "All labels of the service."),
    Row("k8smeta.svc.name", kText, "", "Name of the services, as the API server tells it.",
        kListed),
    Row("k8smeta.svc.uid", kText, "", "Id of the services, as the API server tells it.", kListed),
    Row("k8smeta.svc.label", kText, "", "One label of the services, as the API server tells it.",
        {.several = kList, .argument = kKey}),
    Row("k8smeta.svc.labels", kText, "", "All labels of the services, as the API server tells it.",
        kListed),
    Row("k8smeta.pod.ip", kText, "", "Address of the pod, as the API server tells it."),
};

}  // namespace

std::span<const FieldDef> UnansweredFields() { return kFields; }

}  // namespace nezuban::fields
