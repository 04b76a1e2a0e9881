"""nginx with TLS on all loopback addresses, which notes what it sees of each request."""
import collections
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CONFIGURATION = """
daemon off;
master_process off;
worker_rlimit_nofile 8192;
pid {dir}/pid;
error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
	log_format seen '$server_addr $server_protocol $connection $connection_requests $ssl_session_reused $status '
		'$connection_time $msec';
	access_log {dir}/access.log seen;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	default_type text/html;
	ssl_certificate {certificate};
	ssl_certificate_key {key};
	ssl_session_cache shared:sessions:4m;
	server {{
		listen 0.0.0.0:{port} ssl {listen};
		{directives}
		location / {{ return 200 '<p>Write to sales@faultserver.org.</p>'; }}
	}}
}}
"""

Seen = collections.namedtuple("Seen", "address protocol connection number resumed status accepted ended")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """Serves the same page under every path; seen() ends it and tells what it saw."""

    def __init__(self, certificate, key, listen="", directives=""):
        self.dir = tempfile.mkdtemp(prefix="wf_nginx_")
        self.port = free_port()
        configuration = os.path.join(self.dir, "conf")
        with open(configuration, "w") as out:
            out.write(CONFIGURATION.format(dir=self.dir, port=self.port, certificate=certificate, key=key,
                                           listen=listen, directives=directives))
        self.process = subprocess.Popen(["nginx", "-e", os.path.join(self.dir, "error.log"), "-c", configuration])
        self.wait()

    def wait(self):
        """Until it can be connected to."""
        limit = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError("nginx did not start: " + self.read("error.log"))
                time.sleep(0.02)

    def read(self, name):
        with open(os.path.join(self.dir, name)) as text:
            return text.read()

    def seen(self):
        """End it; one Seen for each request, in the order of their ends."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        requests = [Seen(address, protocol, int(connection), int(number), resumed == "r", int(status),
                         float(now) - float(age), float(now))
                    for address, protocol, connection, number, resumed, status, age, now in
                    (line.split() for line in self.read("access.log").splitlines())]
        shutil.rmtree(self.dir)
        return requests
