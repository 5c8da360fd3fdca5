"""Drives the simulator with azure-mgmt-kusto, a client that shares nothing with it.

Usage: check.py BASE_URL. Prints one line for each check; ends with 1 at the first that fails.
"""

import json
import sys
import time
import urllib.parse
import urllib.request

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.kusto import KustoManagementClient
from azure.mgmt.kusto import models

SUBSCRIPTION = "12345678-1234-1234-1234-123456789098"
GROUP = "sdk-rg"
FOLLOWER = "follower1"
LEADER = "leader1"
LOCATION = "West Europe"
LEADER_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Kusto/clusters/{LEADER}"
)
FOLLOWER_ID = LEADER_ID.replace(LEADER, FOLLOWER)

# The client refuses to send a token over plain http unless every call says so.
PLAIN = {"enforce_https": False}


class Credential:
    """Asks the simulator's token route, with the scope that the client asks for."""

    def __init__(self, base):
        self.base = base

    def get_token(self, *scopes, **_):
        form = {
            "grant_type": "client_credentials",
            "client_id": "sdk-client",
            "client_secret": "sdk-secret",
            "scope": scopes[0],
        }
        url = f"{self.base}/sdk-tenant/oauth2/v2.0/token"
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data=body)) as answer:
            token = json.load(answer)
        return AccessToken(token["access_token"], int(time.time()) + token["expires_in"])


def check(what, condition, seen=None):
    print(("ok   " if condition else "FAIL ") + what, flush=True)
    if not condition:
        sys.exit(f"seen: {seen!r}")


def configuration(database, **more):
    return models.AttachedDatabaseConfiguration(
        location=LOCATION,
        properties=models.AttachedDatabaseConfigurationProperties(
            database_name=database,
            cluster_resource_id=LEADER_ID,
            default_principals_modification_kind="Union",
            **more,
        ),
    )


def main(base):
    client = KustoManagementClient(
        Credential(base), SUBSCRIPTION, base_url=base, polling_interval=1, retry_total=0
    )
    adc = client.attached_database_configurations

    name = models.AttachedDatabaseConfigurationsCheckNameRequest(
        name="conf1", type="Microsoft.Kusto/clusters/attachedDatabaseConfigurations"
    )
    free = adc.check_name_availability(GROUP, FOLLOWER, name, **PLAIN)
    check("a free name is available", free.name_available and free.name == "conf1", free)

    sharing = models.TableLevelSharingProperties(tables_to_include=["Orders", "Logs*"])
    poller = adc.begin_create_or_update(
        GROUP,
        FOLLOWER,
        "conf1",
        configuration("Sales", database_name_override="SalesRO", table_level_sharing_properties=sharing),
        **PLAIN,
    )
    made = poller.result(30)
    check("create: the poller ends", poller.status() == "Succeeded", poller.status())
    check("create: the result is the configuration", made.name == f"{FOLLOWER}/conf1", made)
    check("create: it succeeded", made.properties.provisioning_state == "Succeeded", made)
    check("create: the database is attached", made.properties.attached_database_names == ["SalesRO"], made)
    shared = made.properties.table_level_sharing_properties
    check("create: the shared tables come back", shared.tables_to_include == ["Orders", "Logs*"], made)

    taken = adc.check_name_availability(GROUP, FOLLOWER, name, **PLAIN)
    check("a taken name is not available", taken.reason == "AlreadyExists", taken)

    poller = adc.begin_create_or_update(GROUP, FOLLOWER, "conf1", configuration("Sales"), **PLAIN)
    updated = poller.result(30)
    check("update: sharing and override are gone", not updated.properties.database_name_override, updated)

    got = adc.get(GROUP, FOLLOWER, "conf1", **PLAIN)
    check("get: the leader is there", got.properties.cluster_resource_id.lower() == LEADER_ID.lower(), got)
    check("get: null is None", got.properties.database_name_prefix is None, got)

    adc.begin_create_or_update(
        GROUP, FOLLOWER, "conf2", configuration("*", database_name_prefix="eu_"), **PLAIN
    ).result(30)
    listed = sorted(one.name for one in adc.list_by_cluster(GROUP, FOLLOWER, **PLAIN))
    check("list: both pages of configurations", listed == [f"{FOLLOWER}/conf1", f"{FOLLOWER}/conf2"], listed)

    databases = {one.name: one for one in client.databases.list_by_cluster(GROUP, FOLLOWER, **PLAIN)}
    names = [f"{FOLLOWER}/{name}" for name in ("Sales", "eu_Sales", "eu_Stock")]
    check("databases: all pages", sorted(databases) == sorted(names), list(databases))
    following = databases[f"{FOLLOWER}/eu_Sales"]
    check("databases: the kind has its class", isinstance(following, models.ReadOnlyFollowingDatabase), following)
    check("databases: the original name", following.properties.original_database_name == "Sales", following)

    # A mapping, since the model of this release leaves out the `kind` that the API requires.
    hot = {"kind": "ReadOnlyFollowing", "location": LOCATION, "properties": {"hotCachePeriod": "P1D"}}
    client.databases.begin_update(GROUP, FOLLOWER, "eu_Sales", hot, **PLAIN).result(30)
    warm = client.databases.get(GROUP, FOLLOWER, "eu_Sales", **PLAIN)
    check("databases: the hot cache period was set", warm.properties.hot_cache_period.days == 1, warm)

    leader = client.databases.get(GROUP, LEADER, "Sales", **PLAIN)
    check("leader: its database is followed", leader.properties.is_followed is True, leader)

    flat = list(client.clusters.list_follower_databases(GROUP, LEADER, **PLAIN))
    found = sorted(one.attached_database_configuration_name for one in flat)
    check("followers by POST: flat, all pages", found == ["conf1", "conf2"], flat)
    nested = list(client.clusters.list_follower_databases_get(GROUP, LEADER, **PLAIN))
    found = sorted(one.properties.attached_database_configuration_name for one in nested)
    check("followers by GET: nested, all pages", found == ["conf1", "conf2"], nested)

    follower = models.FollowerDatabaseDefinition(
        cluster_resource_id=FOLLOWER_ID, attached_database_configuration_name="conf2"
    )
    poller = client.clusters.begin_detach_follower_databases(GROUP, LEADER, follower, **PLAIN)
    poller.result(30)
    check("detach: the poller ends", poller.status() == "Succeeded", poller.status())
    left = [one.name for one in adc.list_by_cluster(GROUP, FOLLOWER, **PLAIN)]
    check("detach: the configuration is gone", left == [f"{FOLLOWER}/conf1"], left)

    poller = adc.begin_delete(GROUP, FOLLOWER, "conf1", **PLAIN)
    poller.result(30)
    check("delete: the poller ends", poller.status() == "Succeeded", poller.status())
    try:
        adc.get(GROUP, FOLLOWER, "conf1", **PLAIN)
        check("delete: it is gone", False)
    except ResourceNotFoundError as error:
        check("delete: it is gone", error.error.code == "ResourceNotFound", error)
    adc.begin_delete(GROUP, FOLLOWER, "conf1", **PLAIN).result(30)
    check("delete: again is no error", True)

    try:
        adc.begin_create_or_update(
            GROUP, FOLLOWER, "conf3", configuration("*", database_name_override="x"), **PLAIN
        ).result(30)
        check("refusal: it raises", False)
    except HttpResponseError as error:
        seen = (error.status_code, error.error.code)
        check("refusal: it has ARM's code", seen == (400, "BadRequest"), seen)

    running = client.clusters.get(GROUP, FOLLOWER, **PLAIN)
    check("clusters: get", running.properties.state == "Running", running)
    clusters = sorted(one.name for one in client.clusters.list_by_resource_group(GROUP, **PLAIN))
    check("clusters: list", clusters == [FOLLOWER, LEADER], clusters)


main(sys.argv[1])
