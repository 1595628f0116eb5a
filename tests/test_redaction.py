"""Secrets are found by their place in a text, and by their value once they are known."""

import pytest

from forecasting.errors import LakeError
from forecasting.redaction import redact, redact_error, redact_values, remember_environment, remember_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres:host=h password=hunter22 dbname=x", "postgres:host=h password=*** dbname=x"),
        (r"host=h password='hun ter\'22' dbname=x", "host=h password='***' dbname=x"),
        (
            "ATTACH 'ducklake:postgres:password=''hun ter22'' user=u'",
            "ATTACH 'ducklake:postgres:password=''***'' user=u'",
        ),
        ("postgresql://u:hun@ter/22@host:5432/db?sslpassword=x", "postgresql://u:***@host:5432/db?sslpassword=***"),
        ("s3://KEY:hun/ter+22@bucket/x", "s3://KEY:***@bucket/x"),
        ("https://hunter22@github.com/x", "https://***@github.com/x"),
        ("https://h/x.csv?token=hunter22&day=1", "https://h/x.csv?token=***&day=1"),
        ("https://h/x?X-Amz-Signature=hunter22&sig=hunter22", "https://h/x?X-Amz-Signature=***&sig=***"),
        (
            "s3://b?s3_access_key_id=hunter22&s3_secret_access_key=h/22",
            "s3://b?s3_access_key_id=***&s3_secret_access_key=***",
        ),
        ("https://h/x.csv?subscription-key=hunter22&hmac=hunter22", "https://h/x.csv?subscription-key=***&hmac=***"),
        ("https://h/x.csv?ocp=hunter22&from=2024-01-01&n=1", "https://h/x.csv?ocp=***&from=2024-01-01&n=1"),
        ("AccountName=a;AccountKey=hunter22==;Suffix=x", "AccountName=a;AccountKey=***;Suffix=x"),
        ("git clone with ghp_hunter22hunter22hunter22", "git clone with ***"),
        ("redirect?to=x%3Fapi_key%3Dhunter22", "redirect?to=x%3Fapi_key%3D***"),
        ("""{'password': 'hunter22', "api_key": "hunter22"}""", """{'password': '***', "api_key": "***"}"""),
        (
            "create secret (type s3, key_id 'hunter22', secret 'hun''ter')",
            "create secret (type s3, key_id '***', secret '***')",
        ),
        ("Authorization: Bearer hunter22hunter22", "Authorization: Bearer ***"),
    ],
)
def test_secret_is_found_by_its_place(text, shown):
    assert redact(text) == shown
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "stream sales: max_age = 6h; key (series_id, ts); http://host:8080/a.csv?day=1",
        "https://h/x.csv?token=${USAGE_TOKEN}",
        "postgres:dbname=lake host=db user=forecasting",
        "unexpected token near x; see `select * from analyst.dictionary`",
    ],
)
def test_other_text_stays(text):
    assert redact(text) == text


def test_known_secret_is_found_in_every_form():
    remember_secrets(r"postgres:host=h password='kn o\'wn@1' user=u")
    for form in ("kn o'wn@1", "kn%20o%27wn%401", "kn+o%27wn%401", r"kn o\'wn@1", "kn o''wn@1"):
        assert redact(f"server said {form}!") == "server said ***!"


def test_environment_is_known_by_the_names_of_its_variables():
    remember_environment({"PGPASSWORD": "from-the-env", "PGPASSFILE": "/home/user/.pgpass", "PWD": "/home/user"})
    assert redact("from-the-env in /home/user/.pgpass") == "*** in /home/user/.pgpass"


def test_errors_hold_no_secret_nor_do_those_that_led_to_them():
    assert str(LakeError("catalog postgres:password=hunter22")) == "catalog postgres:password=***"
    first, second = OSError("password=hunter22"), ValueError("https://h?sig=hunter22")
    first.add_note("token=hunter22")
    second.__cause__ = first
    redact_error(second)
    assert "hunter22" not in f"{second} {first} {first.__notes__}"


def test_values_within_are_redacted():
    assert redact_values({"a": ["password=x", 1], "b": None}) == {"a": ["password=***", 1], "b": None}
