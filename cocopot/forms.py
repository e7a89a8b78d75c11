"""The forms of a request: parsed here where they are plain, else by Werkzeug's parser.

Plain is an urlencoded form, or a multipart one as `cocopot.speedups.multipart` reads it, in a body whose
length is announced and moderate, of a request whose class leaves the parsing to Cocopot.
"""

from __future__ import annotations

from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import FileStorage, Headers
from werkzeug.wrappers import Request as _WerkzeugRequest

from cocopot.arguments import ImmutableMultiDict as Arguments
from cocopot.arguments import collect
from cocopot.body import BodyStream, body_stream, has_plain_length, read_body
from cocopot.datastructures import EnvironHeaders
from cocopot.debug_errors import NoFiles
from cocopot.exceptions import BadRequest, ClientDisconnected, HTTPException, RequestEntityTooLarge
from cocopot.lazy_attributes import lazy, load_content_type, load_stream, werkzeug_loader
from cocopot.speedups import FormMethods, RequestState, new, parse_arguments, split_form
from cocopot.speedups.bodies import PIECE, bad_request
from cocopot.speedups.multipart import MAX_BOUNDARY, boundary_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from werkzeug.formparser import FormDataParser

    from cocopot.speedups.multipart import Part

# The forms of a class that overrides one of these are parsed by Werkzeug's parser alone.
_FORM_ATTRIBUTES = (
    "want_form_data_parsed",
    "make_form_data_parser",
    "form_data_parser_class",
    "parameter_storage_class",
    "stream",
    "_get_stream_for_parsing",
)


#: Makes the functions that read a form, or a body that is not one.
FORM_METHODS = FormMethods(
    headers_class=EnvironHeaders,
    read_body=read_body,
    open_stream=body_stream,
    arguments_class=Arguments,
    storage_class=_WerkzeugRequest.parameter_storage_class,
    longest=PIECE,
)


class FormRequest(RequestState, _WerkzeugRequest):
    """Base class of a request: one whose forms raise `BadRequest` if they cannot be parsed."""

    #: Whether the body has been read in one piece, so that there is nothing left to stream.
    body_is_read = False
    #: Whether the form has been parsed, so that a request that is made shallow afterwards has a stream.
    form_is_parsed = False
    _content_type: str = lazy(load_content_type)
    # Whether forms are parsed as Werkzeug does.
    _has_plain_forms = True
    # Why the form could not be read: class and description of the exception.
    _form_failure: tuple[type[HTTPException], str | None] | None = None
    # What Werkzeug's parser has opened, to be closed if the form is refused.
    _parsed_files: Sequence[IO[bytes]] = ()

    if not TYPE_CHECKING:  # the types are Werkzeug's
        files = lazy(FORM_METHODS.files(werkzeug_loader("files")))
        form = lazy(FORM_METHODS.form(werkzeug_loader("form")))
        stream = lazy(load_stream)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._has_plain_forms = all(
            getattr(cls, name) is getattr(FormRequest, name) for name in _FORM_ATTRIBUTES
        )

    def make_form_data_parser(self) -> FormDataParser:
        """Return a parser for the form, which raises for a broken one if there is a body."""
        parser = super().make_form_data_parser()
        if self._has_unread_body():
            parser.silent = False
        make_file = parser.stream_factory
        files: list[IO[bytes]] = []
        self._parsed_files = files

        def make_noted_file(*args: Any, **kwargs: Any) -> IO[bytes]:
            files.append(file := make_file(*args, **kwargs))
            return file

        parser.stream_factory = make_noted_file
        return parser

    def _has_unread_body(self) -> bool:
        data = getattr(self, "_cached_data", None)
        if data is not None:
            return bool(data)
        stream = self.stream
        if isinstance(stream, BodyStream):
            return not stream.reader.is_at_end()
        return not getattr(stream, "is_exhausted", False)

    def _read_plain(self) -> bytes | None:
        """Return the body without a stream, or `None` if something may have read from one."""
        if self.body_is_read or "stream" in vars(self) or (self.shallow and not self.form_is_parsed):
            return None
        if type(self).stream is not FormRequest.stream:
            return None
        data = read_body(self.environ, self.max_content_length)
        if data is not None:
            self.body_is_read = True
        return data

    def _load_form_data(self) -> None:
        if self._form_failure is not None:  # what is left of the body is not the form
            failure, description = self._form_failure
            raise failure(description)
        if "form" in vars(self):
            return
        try:
            if len(self._content_type) > MAX_BOUNDARY:
                self._check_boundary()
            self._parse_form()
        except Exception as error:
            for file in self._parsed_files:
                file.close()
            self._note_form_failure(error)
            raise

    def _note_form_failure(self, error: Exception) -> None:
        """Take note of why the form cannot be read; raise a `BadRequest` for what the parser has raised."""
        if isinstance(error, ClientDisconnected):  # as for each further attempt to read the body
            return
        if isinstance(error, BadRequest | RequestEntityTooLarge):
            failure = BadRequest if isinstance(error, BadRequest) else RequestEntityTooLarge
            self._form_failure = failure, error.description
        elif isinstance(error, ValueError):
            bad = bad_request("form", error)
            self._form_failure = BadRequest, bad.description
            raise bad from error

    def _parse_form(self) -> None:
        mimetype = self.mimetype or "unknown" if self.environ.get("CONTENT_TYPE") else ""
        if not self._has_plain_forms or (
            self.parameter_storage_class is not FormRequest.parameter_storage_class
        ):
            super()._load_form_data()
        elif mimetype == "application/x-www-form-urlencoded":
            self._parse_urlencoded()
        elif mimetype == "multipart/form-data":
            self._parse_multipart()
        elif not self.shallow:
            self._set_no_form(mimetype)
            return
        else:
            super()._load_form_data()
        form, files = vars(self)["form"], vars(self)["files"]
        if files:
            self.holds_files = True
        elif form and self.app is not None and self.app.config["DEBUG"] and mimetype != "multipart/form-data":
            vars(self)["files"] = NoFiles(self.mimetype, form)
        if None in form or None in files:
            raise BadRequest("A part of this request's form has no name.")

    def _set_no_form(self, mimetype: str) -> None:
        """Set an empty form, as the body is not one, or raise what keeps the body from being read."""
        is_plain = has_plain_length(self.environ, self.max_content_length)
        if mimetype:  # then Werkzeug calls its parser
            self.content_length  # noqa: B018 - cached from now on, also if the headers are replaced
        if mimetype or not is_plain:
            data: bytes | None = getattr(self, "_cached_data", None)
            if data is not None or not is_plain:
                vars(self)["stream"] = self.stream if data is None else BytesIO(data)
        self._set_form(self._no_arguments(), self._no_arguments())

    def _check_boundary(self) -> None:
        # Of a long one, each byte of the body may be the first, and be compared with it.
        if (
            self.mimetype == "multipart/form-data"
            and len(self.mimetype_params.get("boundary", "")) > MAX_BOUNDARY
        ):
            raise ValueError(f"the boundary is longer than {MAX_BOUNDARY} characters (RFC 2046, 5.1.1)")

    def _no_arguments(self) -> Any:
        cls: Any = self.parameter_storage_class
        return parse_arguments("", cls)  # without the constructor

    def _set_form(self, form: Any, files: Any) -> None:
        vars(self).update(form=form, files=files, form_is_parsed=True)

    def _parse_urlencoded(self) -> None:
        """Parse the form, as Werkzeug's parser does."""
        self.content_length  # noqa: B018 - cached from now on, also if the headers are replaced
        data: bytes | None = getattr(self, "_cached_data", None)
        if data is None:
            data = self._read_plain()
        text = (self.stream.read() if data is None else data).decode()
        self._set_form(parse_arguments(text, Arguments), self._no_arguments())

    def _parse_multipart(self) -> None:
        """Parse the form, here or by Werkzeug's parser."""
        data: bytes | None = getattr(self, "_cached_data", None)
        most, length = self.max_form_memory_size, self.content_length
        size = length if data is None else len(data)
        # Werkzeug's parser refuses a part of it that is longer than what it keeps in memory.
        if size and (most is None or size <= most):
            boundary = boundary_of(self._content_type, lambda: self.mimetype_params)
            if boundary and data is None:
                data = self._read_plain()
            parts = split_form(data, boundary, self.max_form_parts) if data else None
            if data and parts is not None:
                self._set_parts(data, parts, length)
                return
            if data and self.body_is_read:
                vars(self)["stream"] = BytesIO(data)
        super()._load_form_data()

    def _set_parts(self, data: bytes, parts: list[Part], length: int | None) -> None:
        fields, files = [], []
        for part in parts:
            name, filename, _, start, end = part
            if filename is None:
                fields.append((name, data[start:end].decode(errors="replace")))
            else:
                files.append((name, self._make_file(data, part, length)))
        self._set_form(collect(fields, Arguments), collect(files, self.parameter_storage_class))

    def _make_file(self, data: bytes, part: Part, length: int | None) -> FileStorage:
        """Return the file of a part of a form."""
        name, filename, headers, start, end = part
        items = new(Headers)
        items._list = headers  # noqa: SLF001 - valid ones, without the constructor
        content_type = headers[1][1] if len(headers) > 1 else None
        file: Any = self._get_file_stream(length, content_type, filename, 0)
        # Without a copy, except for a class that may demand bytes.
        is_spooled = type(file) is SpooledTemporaryFile
        file.write(memoryview(data)[start:end] if is_spooled else data[start:end])
        file.seek(0)
        return FileStorage(file, filename, name, headers=items)
