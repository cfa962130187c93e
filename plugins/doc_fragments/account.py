# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that name an account; argspec.ACCOUNT holds the same for the code."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  vendor:
    description:
      - The vendor whose cloud is meant, one of V(blynk), V(greenlake), V(mobilefirst), V(webex) and V(xyte).
      - The error message for an unknown name lists the vendors that this release knows.
      - Every option of the account falls back to an environment variable, E(FLEETFORM_VENDOR) for this one. For an account that
        is named in O(accounts) it is C(FLEETFORM_<ACCOUNT>_<OPTION>), for example E(FLEETFORM_LAB_TOKEN).
      - One credential that is given as an option switches the environment off for all credentials.
    type: str
  url:
    description:
      - Where the vendor's API is.
      - When not given, E(FLEETFORM_URL), then the vendor's own address. Mobilefirst has none, so that it is required there,
        up to and including the admin root, for example V(https://mobile.example.com:9443/mfpadmin).
      - Plain C(http://) is accepted for loopback addresses only.
    type: str
  token:
    description:
      - Bearer token (webex, blynk, greenlake), or the API key of an organization (xyte).
      - A webex token without administrator rights shows the devices of its own user only, so that others cannot be declared.
      - When not given, E(FLEETFORM_TOKEN), then on the vendor's own address the variable of the vendor's own tools, such as
        E(WEBEX_ACCESS_TOKEN) or E(XYTE_ORG_API_KEY).
    type: str
  client_id:
    description:
      - OAuth client id (blynk, greenlake; webex together with O(client_secret) and O(refresh_token)).
      - When not given, E(FLEETFORM_CLIENT_ID), then E(GREENLAKE_CLIENT_ID) for greenlake on its own address.
    type: str
  client_secret:
    description:
      - OAuth client secret that belongs to O(client_id).
      - When not given, E(FLEETFORM_CLIENT_SECRET), then E(GREENLAKE_CLIENT_SECRET) for greenlake on its own address.
    type: str
  refresh_token:
    description:
      - OAuth refresh token (webex), with O(client_id) and O(client_secret) in place of O(token). Bearer tokens are fetched with
        it and renewed when they run out.
      - When not given, E(FLEETFORM_REFRESH_TOKEN).
    type: str
  token_url:
    description:
      - Where OAuth tokens are fetched (webex, blynk, greenlake).
      - When not given, E(FLEETFORM_TOKEN_URL), then derived from O(url) where that is given, else the vendor's own. Credentials
        are never sent to another host than the one that was named.
    type: str
  username:
    description:
      - User name (mobilefirst). When not given, E(FLEETFORM_USERNAME).
    type: str
  password:
    description:
      - Password that belongs to O(username) (mobilefirst). When not given, E(FLEETFORM_PASSWORD).
    type: str
  organization:
    description:
      - Organization id (webex, where it is another one that the token manages), organization id or name (blynk), or workspace id
        (greenlake). When not given, E(FLEETFORM_ORGANIZATION), then the one that the token belongs to.
    type: str
  runtime:
    description:
      - Name of the runtime (mobilefirst). When not given, E(FLEETFORM_RUNTIME), then V(mfp).
    type: str
  api_version:
    description:
      - Version of the API (mobilefirst), V(2.0), or V(1.0) for reading from older servers. When not given,
        E(FLEETFORM_API_VERSION), then V(2.0).
    type: str
  response_format:
    description:
      - Format in which the server answers (mobilefirst). The devices are the same in both. When not given,
        E(FLEETFORM_RESPONSE_FORMAT), then V(json).
    type: str
    choices: [json, xml]
  locale:
    description:
      - Language of the server's messages (mobilefirst). When not given, E(FLEETFORM_LOCALE).
    type: str
  validate_certs:
    description:
      - Whether the server's certificate must be valid. When not given, E(FLEETFORM_VALIDATE_CERTS), then V(true).
    type: bool
  ca_path:
    description:
      - File or folder with certificates of authorities to trust in place of the usual ones. When not given, E(FLEETFORM_CA_PATH).
    type: path
  timeout:
    description:
      - Seconds that one request may take. When not given, E(FLEETFORM_TIMEOUT), then V(30).
    type: float
  deadline:
    description:
      - Seconds that one call may spend waiting and retrying, an asynchronous job included; waiting for the pace is not counted.
      - When not given, E(FLEETFORM_DEADLINE), then V(600).
    type: float
  concurrency:
    description:
      - Requests that may be under way at once. When not given, E(FLEETFORM_CONCURRENCY), then V(8).
    type: int
  requests_per_minute:
    description:
      - How many requests per minute may be sent. An integer for all of them, or a dictionary with the classes V(read), V(add),
        V(patch) and V(poll).
      - When not given, E(FLEETFORM_REQUESTS_PER_MINUTE), then the limits that the vendor documents.
    type: raw
requirements:
  - requests >= 2.32 on the host that runs the task
  - deepdiff >= 8.4 on the host that runs the task, for details in the changes of nested values (optional)
  - defusedxml >= 0.7.1 on the host that runs the task, for O(response_format=xml) (optional)
"""
