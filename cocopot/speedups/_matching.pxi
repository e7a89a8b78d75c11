# Part of `_compiled.pyx`: a URL, matched by the tables alone.


cdef class RouterState:
    cdef public object _matcher


cdef class MatcherState:
    cdef public object table


cdef class TableState:
    cdef public object hosts
    cdef public object any_host


cdef class DomainState:
    cdef public object static_rules
    cdef public object root_rules
    cdef public object prefix


cdef class RuleState:
    cdef public object endpoint
    cdef public object defaults


cdef object endpoint_of(rule):
    return (<RuleState>rule).endpoint if isinstance(rule, RuleState) else rule.endpoint


@binding(True)  # so that it is a method of the router's class
def match_plain(RouterState router not None, environ, config, subdomain_matching=False, method=None):
    if type(environ) is not dict:
        return None
    return matched(router, <dict>environ, config, subdomain_matching, method)


cdef object matched(RouterState router, dict environ, config, subdomain_matching, other_method):
    if not isinstance(router._matcher, MatcherState):
        return None
    table = (<MatcherState>router._matcher).table
    if not isinstance(table, TableState):
        return None
    path = environ.get("PATH_INFO")
    method = environ.get("REQUEST_METHOD") if other_method is None else other_method
    if type(path) is not str or type(method) is not str or "HTTP_UPGRADE" in environ:
        return None
    if not PyUnicode_IS_ASCII(<str>path):
        path = decoded_path(path, environ) if (<str>path).startswith("/") else None
        if path is None:
            return None
    elif PyUnicode_1BYTE_DATA(<str>path)[0] != c"/":  # an empty text ends with a null character
        return None
    found = domain_of(router, <TableState>table, environ, config, subdomain_matching)
    if found is None:
        return None
    cdef DomainState domain = found
    cdef dict static_rules = domain.static_rules
    cdef dict rules = domain.root_rules if <str>path == "/" else static_rules.get(path)
    if rules is not None:
        rule = rules.get(method) or rules.get(None)
        if rule is not None:
            defaults = (<RuleState>rule).defaults if isinstance(rule, RuleState) else rule.defaults
            return rule, dict(defaults) if defaults else {}
    found = match_plan(domain.prefix, (<str>path).split("/"), method)
    if type(found) is tuple or (type(found) is list and other_method is not None and "//" not in <str>path):
        return found
    server_name = config_value(config, "SERVER_NAME")
    return (<object>domain).error_of(found, environ, path, method, server_name is None, server_name)


cdef PyObject *DICT_GETITEM = _PyType_Lookup(&PyDict_Type, "__getitem__")


cdef object config_value(config, str key):
    """Return `config[key]`; CPython looks the method up for each key of a subclass of `dict`."""
    cdef PyObject *value
    if isinstance(config, dict) and _PyType_Lookup(Py_TYPE(config), "__getitem__") == DICT_GETITEM:
        value = PyDict_GetItemWithError(config, key)
        if value != NULL:
            return <object>value
    return config[key]


cdef object decoded_path(str path, dict environ):
    script_name = environ.get("SCRIPT_NAME", "")
    if type(script_name) is not str or not PyUnicode_IS_ASCII(<str>script_name):
        return None
    try:
        return path.encode("latin-1").decode()
    except UnicodeError:
        return None


cdef object domain_of(router, TableState table, dict environ, config, subdomain_matching):
    host = environ.get("HTTP_HOST")
    server_name, subdomain = config_value(config, "SERVER_NAME"), None
    if server_name is not None:
        if router.host_matching:
            server_name = None
        else:
            subdomain = None if subdomain_matching else router.default_subdomain
            host = (host, server_name, subdomain)
    trusted_hosts = config_value(config, "TRUSTED_HOSTS")
    cdef dict hosts, by_host
    if trusted_hosts is None:
        hosts = table.hosts
        by_host = hosts.get(environ.get("wsgi.url_scheme"))
        domain = None if by_host is None else by_host.get(host)
        if domain is not None:
            return domain
        if by_host is not None and server_name is None and is_plain_host(host):
            domain = table.any_host
            if domain is not None:
                return domain
    return (<object>table).domain_of(environ, server_name, subdomain, trusted_hosts)


cdef object match_plan(tuple prefix, list parts, str method):
    cdef Py_ssize_t depth = 1
    cdef dict prefixes = prefix[0]
    while prefixes is not None and depth < len(parts):
        following = prefixes.get(parts[depth])
        if following is None:
            break
        prefix = following
        prefixes = prefix[0]
        depth += 1
    cdef tuple plans = prefix[1]
    if len(parts) >= len(plans):
        return None
    cdef tuple plan = plans[len(parts)]
    if plan is not None:
        return plan[0](parts, method, plan)
    return bool(prefix[2]) and depth < len(parts) and parts[depth] != ""
