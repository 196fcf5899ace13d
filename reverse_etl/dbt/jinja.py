"""Renders one text of a dbt YAML file as dbt does: native types, `env_var`, `var`; knows neither file nor field.

The rules are the same as in dbt's profile renderer. A text stays a text (`"5432"` too), except with `as_number`,
`as_bool` or `as_native`. The value of a `DBT_ENV_SECRET…` variable is inserted after Jinja has finished.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Mapping

import yaml
from jinja2 import TemplateError, Undefined
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reverse_etl.dbt.sensitive import is_sensitive
from reverse_etl.documents import parse_json, parse_yaml
from reverse_etl.errors import ConfigError

_SECRET_PREFIX = "DBT_ENV_SECRET"  # noqa: S105 - a prefix of names
_PLACEHOLDER = "$$$SECRET_START$$${}$$$SECRET_END$$$"
_PLACED = re.compile(re.escape(_PLACEHOLDER).replace(r"\{\}", r"(\w+?)"))


class _MissingVariableError(LookupError):
    """An environment variable that has neither a value nor a default."""


class _WrongValueError(ValueError):
    """A value that does not have the type of its filter."""


class _Text(str):
    """A value that stays a text."""

    __slots__ = ()


class _Native(str):
    """A text that is read as a Python literal."""

    __slots__ = ()


class _Bool(_Native):
    __slots__ = ()


class _Number(_Native):
    __slots__ = ()


class _Environment(ImmutableSandboxedEnvironment):
    """A Jinja sandbox whose templates keep types."""

    code_generator_class = NativeCodeGenerator


class Renderer:
    """Renders texts in one environment. `secrets` collects the secret values that it has inserted."""

    def __init__(self, env: Mapping[str, str], variables: Mapping[str, object] | None = None) -> None:
        """`variables` are the values of dbt's `--vars`."""
        self.secrets: set[str] = set()
        self._env = env
        self._variables = variables or {}
        self._jinja = _Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
        self._jinja.filters.update(as_text=_Text, as_bool=_Bool, as_native=_Native, as_number=_Number)
        self._names = {"env_var": self._env_var, "var": self._var, **_FUNCTIONS}

    def render(self, text: str, where: Mapping[str, object]) -> object:
        """Return the value that dbt would use.

        `where` names what is rendered (file, profile, key), for errors. Raises ConfigError
        `missing-environment-variable` or `unrenderable-value`; neither quotes the text of a field that may be secret.
        """
        try:
            template = self._jinja.from_string(text)
            value = _value(template.root_render_func(template.new_context(self._names)))
        except _MissingVariableError as error:
            raise _missing(str(error), where) from None
        except Exception as error:  # noqa: BLE001 - a template may raise anything
            raise _unrenderable(error, where) from None
        return self._with_secrets(value) if isinstance(value, str) else value

    def _env_var(self, name: str, default: object = None) -> object:
        if name not in self._env:
            if default is None:
                raise _MissingVariableError(name)
            return default
        return _PLACEHOLDER.format(name) if name.startswith(_SECRET_PREFIX) else self._env[name]

    def _var(self, name: str, *default: object) -> object:
        if name not in self._variables and not default:
            raise _WrongValueError(f"there is no variable `{name}`")
        return self._variables.get(name, *default)

    def _with_secrets(self, text: str) -> str:
        names = _PLACED.findall(text)
        if not names:
            return text
        rendered = _PLACED.sub(lambda match: self._env[match[1]], text)
        self.secrets.update(value for value in (rendered, *(self._env[name] for name in names)) if value)
        return rendered


def _value(pieces: Iterable[object]) -> object:
    """Return a single piece with its type, or several pieces as a text."""
    found = list(pieces)
    if len(found) != 1:
        return "".join(str(piece) for piece in found)
    piece = found[0]
    if isinstance(piece, Undefined):
        raise _WrongValueError(f"there is no `{piece._undefined_name}`")  # noqa: SLF001 - the only place of the name
    if isinstance(piece, _Native):
        return _literal(piece)
    return str(piece) if isinstance(piece, str) else piece


def _literal(text: _Native) -> object:
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = str(text)
    if isinstance(text, _Bool) and not isinstance(value, bool):
        raise _WrongValueError("the value is neither True nor False, as `as_bool` demands")
    if isinstance(text, _Number) and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise _WrongValueError("the value is not a number, as `as_number` demands")
    return value


def _from(load: Callable[[str], object]) -> Callable[..., object]:
    def read(text: str, default: object = None) -> object:
        try:
            return load(text)
        except ValueError:
            return default

    return read


_FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "fromjson": _from(parse_json),
    "fromyaml": _from(parse_yaml),
    "tojson": json.dumps,
    "toyaml": yaml.safe_dump,
}


def _place(where: Mapping[str, object]) -> str:
    return ", ".join(f"{name} `{value}`" for name, value in where.items())


def _missing(name: str, where: Mapping[str, object]) -> ConfigError:
    return ConfigError(
        "missing-environment-variable",
        f"the environment variable `{name}` is not set; it is used by {_place(where)}",
        context={"variable": name, **where},
        hint=f"Set it: `export {name}=…`, or give a default: `env_var('{name}', 'default')`.",
    )


def _unrenderable(error: Exception, where: Mapping[str, object]) -> ConfigError:
    tellable = isinstance(error, (TemplateError, _WrongValueError)) and not is_sensitive(str(where.get("key", "")))
    reason = str(error) if tellable else type(error).__name__.strip("_")
    return ConfigError(
        "unrenderable-value",
        f"the Jinja of {_place(where)} cannot be rendered: {reason}",
        context=dict(where),
        hint="Correct the expression between the braces; it may use `env_var`, `var` and dbt's filters.",
    )
