// SPDX-License-Identifier: Apache-2.0
#include "bench/varied_rules.h"

#include <iterator>
#include <span>

namespace nezuban::bench {
namespace {

constexpr std::string_view kShared = R"(
- list: shells
  items: [sh, bash, dash, zsh, ksh, csh, fish, busybox]
- list: package_tools
  items: [apt, apt-get, dpkg, rpm, yum, dnf, apk, pip, npm, gem, snap, zypper]
- list: system_daemons
  items: [systemd, sshd, cron, crond, rsyslogd, dbus-daemon, containerd, kubelet, dockerd, chronyd]
- list: web_servers
  items: [nginx, httpd, apache2, lighttpd, caddy, envoy, haproxy, node, java, php-fpm]
- macro: started
  condition: evt.type in (execve, execveat) and evt.rawres >= 0
- macro: in_container
  condition: container.id != host
- macro: from_shell
  condition: proc.pname in (shells)
- macro: written
  condition: evt.type in (open, openat, openat2) and evt.is_open_write = true and fd.typechar = f and fd.num >= 0
- macro: opened
  condition: evt.type in (open, openat, openat2) and fd.typechar = f and fd.num >= 0
- macro: connected
  condition: evt.type = connect and fd.typechar in (4, 6) and (evt.rawres >= 0 or evt.res = EINPROGRESS)
- macro: expected
  condition: proc.name in (package_tools) or proc.pname in (system_daemons)
)";

// @ stands for the number of the rule; # for a digit or two of it.
constexpr std::string_view kExec[] = {
    "started and proc.name = tool@ and not expected",
    "started and in_container and proc.name in (miner@, xmr@, pool@, stratum@)",
    "started and proc.exepath startswith /opt/app@/bin/ and not proc.pname in (system_daemons)",
    "started and from_shell and proc.args contains payload@",
    "started and in_container and (proc.name = curl@ or proc.name = wget@) and proc.args contains "
    "http",
    "started and proc.cmdline contains \"--flag@=\" and not proc.name in (shells)",
    "started and in_container and proc.name in (shells) and proc.pname = service@",
    "started and proc.aname = agent@ and not proc.name in (helper@, updater@)",
    "started and proc.exepath endswith /drop@.sh and proc.exepath startswith /tmp",
    "started and (proc.args startswith \"-e /bin/x@\" or proc.args endswith \"| sh@\")",
    "started and in_container and proc.is_exe_upper_layer = true and not proc.name in (built@)",
    "started and proc.exepath pmatch (/srv/data@, /var/lib/job@) and not expected",
    "started and proc.name glob task@-* and in_container",
    "started and user.uid = 0 and proc.cwd startswith /home/user@/ and not proc.pname in (sudo, "
    "su)",
    "started and proc.pname in (web_servers) and proc.name in (sh, bash) and proc.args icontains "
    "id@",
};

constexpr std::string_view kOpen[] = {
    "written and fd.name startswith /etc/app@/ and not expected",
    "opened and in_container and fd.name in (/etc/key@, /root/.token@, /var/lib/secret@)",
    "opened and fd.name pmatch (/var/lib/kubelet/pods/pod@, /run/secrets/secret@)",
    "written and fd.directory = /usr/lib/module@ and not proc.name in (package_tools)",
    "opened and fd.name contains share@ and not proc.pname in (system_daemons)",
    "opened and proc.name = reader@ and in_container",
    "opened and fd.name endswith /config@.json and not proc.exepath startswith /usr/lib/",
    "written and fd.filename = authorized@",
    "written and fd.name glob /home/tenant@-*/.ssh/*",
    "opened and fd.filename in (shadow@, passwd@, gshadow@) and not proc.name in (sshd, sudo)",
};

constexpr std::string_view kConnect[] = {
    "connected and fd.sip = 10.#a.#b.7 and not expected",
    "connected and in_container and fd.sport = #p and not proc.name in (web_servers)",
    "connected and fd.snet in (172.#a.#b.0/24, 100.#a.#b.0/24)",
    "connected and proc.name in (client@, scanner@) and fd.l4proto = tcp",
    "connected and in_container and proc.exepath startswith /opt/agent@/",
    "connected and fd.sip in (192.168.#a.#b, 198.51.#a.#b) and fd.sport in (80, 443, 8080)",
    "connected and from_shell and proc.args contains relay@",
    "connected and proc.pname = worker@ and not fd.sip in (127.0.0.1, 10.0.0.1)",
    "connected and fd.name contains .#a.#b:443 and proc.name = beacon@",
};

std::span<const std::string_view> Shapes(Kind kind) {
  if (kind == Kind::kExec) return kExec;
  if (kind == Kind::kOpen) return kOpen;
  return kConnect;
}

std::string Varied(std::string_view shape, int number) {
  std::string text;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == '@') {
      text += std::to_string(number);
    } else if (shape[i] == '#') {
      const char which = shape[++i];
      text += std::to_string(which == 'a'   ? number / 250
                             : which == 'b' ? number % 250
                                            : 1024 + number);
    } else {
      text += shape[i];
    }
  }
  return text;
}

}  // namespace

std::string VariedRules(Kind kind, int count) {
  const auto shapes = Shapes(kind);
  std::string file(kShared);
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    file += "- rule: Rule " + number +
            "\n  desc: One of many.\n  priority: NOTICE\n  condition: >\n    ";
    file += Varied(shapes[static_cast<std::size_t>(i) % shapes.size()], i);
    file +=
        "\n  output: Seen | event=%evt.type process=%proc.name exe=%proc.exepath parent=%proc.pname"
        " command=%proc.cmdline user=%user.uid container=%container.id\n"
        "  tags: [bench, container]\n";
    if (i % 3 != 0) continue;
    file +=
        "  exceptions:\n    - name: known\n      fields: [proc.name, proc.pname]\n"
        "      comps: [=, in]\n      values:\n        - [known" +
        number + ", [starter" + number + ", init]]\n";
  }
  return file;
}

}  // namespace nezuban::bench
