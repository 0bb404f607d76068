variable "name" {
  type = string
}

variable "cidr" {
  type    = string
  default = "10.20.0.0/16"
}

output "subnets" {
  value = { for index, zone in ["a", "b", "c"] : "${var.name}-${zone}" => cidrsubnet(var.cidr, 4, index) }
}
