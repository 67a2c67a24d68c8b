"""Serves a provider's schema to Terraform: plugin.py SCHEMA.pb CERTIFICATE.pem

Terraform starts it and talks to it over the loopback interface. It says what resources look like and accepts every
configuration that fits; it neither plans nor creates anything and knows no cloud. `terraform validate` needs no more,
and neither does `terraform test` where the provider is mocked.
"""

import base64
import os
import pathlib
import ssl
import sys
import threading
from concurrent import futures

import grpc
import protocol

pb = protocol.messages

# What Terraform sets so that a plugin started by hand can say what it is.
COOKIE = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
# Set when Terraform wants the connection encrypted, which it does unless TF_DISABLE_PLUGIN_TLS says otherwise.
ENCRYPTED = "PLUGIN_CLIENT_CERT"
LIFETIME = 3600  # seconds: a plugin whose Terraform was killed does not stay for ever


def accept(_):
    return b""


def prepare(request):
    return pb["PrepareResponse"](prepared_config=pb["PrepareRequest"].FromString(request).config).SerializeToString()


def upgrade(request):
    state = pb["UpgradeRequest"].FromString(request).raw_state.json
    return pb["UpgradeResponse"](upgraded_state=pb["DynamicValue"](json=state)).SerializeToString()


def refuse(what, field):
    """The answer to what a stub cannot do; `field` is where that answer carries its diagnostics."""
    diagnostic = pb["Diagnostic"](
        severity=protocol.ERROR,
        summary=f"The stub provider cannot {what}",
        detail="It only knows the provider's schema: use it for `terraform validate`, and for `terraform test` with a "
        "mock_provider.",
    )
    answer = pb[f"Refusal{field}"](diagnostics=[diagnostic]).SerializeToString()
    return lambda _: answer


def provider(schema):
    return {
        "GetSchema": lambda _: schema,
        "PrepareProviderConfig": prepare,
        "ValidateResourceTypeConfig": accept,
        "ValidateDataSourceConfig": accept,
        "UpgradeResourceState": upgrade,
        "Configure": accept,
        "Stop": accept,
        "ReadResource": refuse("read a resource", 2),
        "PlanResourceChange": refuse("plan", 4),
        "ApplyResourceChange": refuse("apply", 3),
        "ImportResourceState": refuse("import", 2),
        "ReadDataSource": refuse("read data", 2),
    }


def handlers(service, methods):
    def handler(function):
        return grpc.unary_unary_rpc_method_handler(lambda request, _: function(request))

    return grpc.method_handlers_generic_handler(service, {name: handler(do) for name, do in methods.items()})


def listen(server, certificate):
    """Opens a port on the loopback interface; returns the line by which Terraform finds it."""
    if ENCRYPTED not in os.environ:
        port = server.add_insecure_port("127.0.0.1:0")
        return f"1|5|tcp|127.0.0.1:{port}|grpc"
    pem = pathlib.Path(certificate).read_bytes()
    key, certificate = pem.split(b"-----BEGIN CERTIFICATE-----")
    certificate = b"-----BEGIN CERTIFICATE-----" + certificate
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
    der = base64.b64encode(ssl.PEM_cert_to_DER_cert(certificate.decode())).decode().rstrip("=")
    return f"1|5|tcp|127.0.0.1:{port}|grpc|{der}"


def main():
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.exit("This is a Terraform plugin: Terraform starts it, nobody else.")
    schema, certificate = sys.argv[1:]
    done = threading.Event()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4),
        options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)],
    )
    server.add_generic_rpc_handlers(
        (
            handlers("tfplugin5.Provider", provider(pathlib.Path(schema).read_bytes())),
            handlers("plugin.GRPCController", {"Shutdown": lambda _: done.set() or b""}),
            handlers("grpc.health.v1.Health", {"Check": lambda _: b"\x08\x01"}),
        )
    )
    line = listen(server, certificate)
    server.start()
    print(line, flush=True)
    done.wait(LIFETIME)
    server.stop(grace=0.2)


if __name__ == "__main__":
    main()
